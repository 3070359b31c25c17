"""Which build of Python an environment runs: a digest of the program, its library and the standard library."""

from __future__ import annotations

from pathlib import Path

from tfinfra.environment.proof.tree import FILE, LINK, PROGRAM, Entry, digest_of, read_tree
from tfinfra.system.file_digest import sha256_of

_NOT_PYTHONS_OWN = frozenset({"site-packages", "dist-packages", "__pycache__", "test", "tests"})


def interpreter_digest(environment: Path) -> str:
    """64 hexadecimal digits: the SHA-256 of a text with a line for the program, for each of its shared libraries and
    for each file of the standard library, "<SHA-256> <name>". Where a file is and who may execute it plays no part;
    tests, bytecode and packages are no part of it. Raises OSError where there is no interpreter, or a file of it cannot
    be read."""
    program = (environment / "bin/python").resolve(strict=True)
    prefix = program.parent.parent
    libraries = [prefix / name for name in ("lib", "lib64") if not (prefix / name).is_symlink()]
    shared = [path for folder in libraries for path in sorted(folder.glob("libpython*.so*"))]
    lines = [f"{sha256_of(program)} {program.name}", *(f"{sha256_of(path)} {path.name}" for path in shared)]
    for folder in libraries:
        standard = folder / program.name
        tree = read_tree(standard, enter=lambda name: name not in _NOT_PYTHONS_OWN)
        if tree.unread:
            name, why = tree.unread[0]
            raise OSError(f"{standard / name}: {why}")
        lines += [_line(standard, path, entry) for path, entry in sorted(tree.entries.items())]
    return digest_of(lines)


def _line(folder: Path, path: str, entry: Entry) -> str:
    """What is behind a link counts: distributions put a file for the administrator there."""
    if entry.mode == LINK and (folder / path).is_file():
        return f"{sha256_of(folder / path)} {path}"
    return f"{entry.sha256 if entry.mode in (FILE, PROGRAM) else 'link'} {path}"
