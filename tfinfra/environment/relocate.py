"""An interpreter of a user's home, copied into an environment: nodes do not see that home."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

from tfinfra.environment.interpreter import Interpreter
from tfinfra.environment.same_bytes.compiled_path import name_in_sysconfig

_LEFT_BEHIND = ("site-packages", "dist-packages", "test", "__pycache__", "config-*", "*.a")


def copy_interpreter(source: Interpreter, folder: Path, called: PurePosixPath | None = None) -> Path:
    """The installation's interpreter, standard library and shared libraries, copied below `folder`; its program. Its
    record of its own build calls the folder `called`, where one is given."""
    program = folder / "bin" / f"python{source.minor}"
    program.parent.mkdir(parents=True)
    shutil.copy2(source.path, program)
    left_behind = shutil.ignore_patterns(*_LEFT_BEHIND)
    for name in ("lib", "lib64"):  # Fedora's and openSUSE's builds have the standard library in lib64
        library = Path(name) / f"python{source.minor}"
        if not (source.prefix / name).is_symlink() and (source.prefix / library).is_dir():
            shutil.copytree(source.prefix / library, folder / library, symlinks=True, ignore=left_behind)
            (folder / library / "site-packages").mkdir()
            if called is not None:
                name_in_sysconfig(folder / library, source.prefix, called)
            for shared in (source.prefix / name).glob("*.so*"):
                shutil.copy2(shared, folder / name / shared.name, follow_symlinks=False)
    headers = Path("include") / f"python{source.minor}"
    if (source.prefix / headers).is_dir():
        shutil.copytree(source.prefix / headers, folder / headers, symlinks=True)
    for name in (name for name in ("lib", "lib64") if (folder / name).is_dir()):
        libraries = [path for path in (folder / name).rglob("*.so*") if not path.is_symlink()]
        for path in (program, *libraries):
            _search_beside(path, source.prefix / name, name)
    return program


def _search_beside(path: Path, old: Path, name: str) -> None:
    """Where a binary names the old library folder as its run path, it looks beside its program's folder instead. As
    chrpath does it, in place: the new path is not longer, and zeros fill the rest. A library that the program has
    loaded already is found without a path, so one rule serves the extension modules, too."""
    before, beside = f"{old}".encode() + b"\0", f"$ORIGIN/../{name}".encode()
    content = path.read_bytes()
    if before in content and len(before) > len(beside):
        mode = path.stat().st_mode
        path.chmod(mode | 0o200)
        path.write_bytes(content.replace(before, beside.ljust(len(before), b"\0")))
        path.chmod(mode)
