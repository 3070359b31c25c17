"""Reads what the compiler must know of the source directory: the entry script, its own modules, the requirements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from os.path import relpath
from pathlib import Path
from types import MappingProxyType

from tfinfra.compiler.packages.channels import is_missing
from tfinfra.compiler.packages.read_files import NamedFiles, read_package_files
from tfinfra.compiler.project import SourceDirectory, Undecodable
from tfinfra.compiler.source.decoding import decoded
from tfinfra.compiler.source.modules.read_modules import read_modules
from tfinfra.compiler.source.modules.search_path import SearchPath, is_dotted, modules_below, package_of
from tfinfra.compiler.user_paths import exists, is_empty_folder, is_file, is_folder, is_kernels, read_bounded, real
from tfinfra.manifest.words.foreign_paths import file_written_here
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.model.entry import entry_of, python_path
from tfinfra.system.file_kinds import kind_at
from tfinfra.travel.survey import ONLY_FILES

_NO_PYTHON = {
    **dict.fromkeys(
        (".sh", ".bash"), "name the Python script that it starts; what it does before belongs in setup_script"
    ),
    **dict.fromkeys((".bat", ".cmd", ".ps1", ".exe"), "nodes run Linux: name the Python script that it starts"),
    **dict.fromkeys(
        (".zip", ".gz", ".tgz", ".whl", ".egg"), "unpack it into source_directory, and name the script in it"
    ),
    ".ipynb": "make a script of the notebook: jupyter nbconvert --to script",
    ".pyc": "name the .py file",
}
"""{the ending of a file that is no Python script: what to write}"""
_MOST_BYTES, _MOST_PACKAGE_BYTES = 2_000_000, 10_000_000
"""Of one module, and of one file of requirements with their hashes: a longer one is not read."""


def read_source(
    folder: Path,
    shown: str,
    entry: str,
    packages: NamedFiles = NamedFiles(),  # noqa: B008  frozen
    programs: tuple[str, ...] = (),
    *,
    channels: tuple[str, ...] = (),
    variables: Mapping[str, str] = MappingProxyType({}),
    project: Path | None = None,
) -> SourceDirectory:
    """The entry script, the texts of the files of `packages`, with those that they name, and those of the `programs`.
    Those of conda's `channels` that are folders are only looked for. `variables` are the manifest's own environment
    variables. What lies outside of `project` is never quoted: a manifest may be a stranger's, and name any folder of
    this machine.

    Never raises: `problems` says of each file why it cannot be read, and under "<file>?" has a spelling hint.
    """
    root = real(folder)
    if reason := _no_source(root):
        return SourceDirectory(root, shown, exists=False, problems={"": reason})
    problems: dict[str, str] = {}
    foreign = project is not None and not root.is_relative_to(real(project))
    relative = Path(relpath(root, real(project or folder))).as_posix()
    home = SourceDirectory(root, shown, foreign=foreign, package=".".join(package_of(root)), relative=relative)
    home = _with_modules(home, entry, variables, problems) if entry else home
    files = read_package_files(packages, lambda name: _bytes_inside(root, name, problems, most=_MOST_PACKAGE_BYTES))
    scripts = {name: _bytes_inside(root, name, problems) for name in programs}
    for name in channels:
        if is_missing(name, root):
            problems[name] = "there is no such folder"
    if foreign:
        problems = {name: reason for name, reason in problems.items() if not name.endswith("?")}
    return replace(
        home,
        requirements=files.texts,
        odd_bytes=files.odd_bytes,
        problems=problems,
        programs={name: data.decode("utf-8", "replace") for name, data in scripts.items() if data is not None},
    )


def _with_modules(
    home: SourceDirectory, entry: str, variables: Mapping[str, str], problems: dict[str, str]
) -> SourceDirectory:
    """`home` with the entry script and the modules that it reaches, as far as they can be read."""
    path, root = _entry_file(home, entry, variables, problems), home.root
    by_path = not entry_of(entry).module
    undecodable: dict[str, Undecodable] = {}

    def read(name: str) -> str | None:
        data = _bytes_inside(root, name, problems if name == path else {}, named=entry if name == path else "")
        if data is None:
            return None
        text, fault = decoded(data, run_as_file=by_path and name == path)
        if fault:
            undecodable[name] = fault
        return text

    if not path or read(path) is None:
        return home
    code = read_modules(root, entry_of(entry), path, variables, read)
    return replace(
        home,
        modules=code.texts,
        skimmed=code.skimmed,
        unread=len(code.unread),
        entry=path if code.texts else "",
        lost=tuple(code.lost),
        outside=tuple(code.outside),
        reach=code.reach,
        hiding=code.hiding,
        hollow=_hollow(root, {one.name.partition(".")[0] for one in code.outside}),
        undecodable=undecodable,
    )


def _hollow(root: Path, modules: set[str]) -> dict[str, str]:
    """What is there in the place of modules that are not: an empty folder, a pipe."""
    found: dict[str, str] = {}
    for module in modules:
        folder, file = root / module, root / f"{module}.py"
        if is_empty_folder(folder):
            found[module] = f"{module}/ is empty"
        elif exists(file) and not is_file(file) and not is_folder(file):
            found[module] = f"{module}.py is {kind_at(file)}"
    return found


def _no_source(root: Path) -> str:
    """Why the folder cannot be a source directory, "" where it can."""
    if not exists(root):
        return "it does not exist"
    if not is_folder(root):
        return "it is not a directory"
    return "it is where the kernel shows processes and devices" if is_kernels(root) else ""


def _entry_file(home: SourceDirectory, text: str, variables: Mapping[str, str], problems: dict[str, str]) -> str:
    """The path of the entry script's file, "" with the reason in `problems` where there is none."""
    entry, root = entry_of(text), home.root
    folders = [root, *(real(root / folder) for folder in python_path(variables))]
    search = SearchPath(root, tuple(dict.fromkeys(folders)))
    if entry.module:
        if found := search.find_program(entry.name):
            return found
        is_package = bool(search.find(entry.name))
        reason = "it is a package without a __main__.py" if is_package else "source_directory has no such module"
        problems[text] = reason if is_dotted(entry.name) else "that is no module's name"
        problems[f"{text}?"] = "-m takes the dotted name of a module in source_directory"
        top, _, rest = entry.name.partition(".")
        if rest and search.find_program(rest) and (instead := home.from_above(top, rest)):
            problems[f"{text}?"] = f"source_directory is that package: write {instead}"
            return ""
    else:
        why = "Python takes a name with '-' in front as an option" if text.startswith("-") else _unusable(root, text)
        if why is None and (way_out := _NO_PYTHON.get(Path(text).suffix.lower())):
            why, problems[f"{text}?"] = "a task runs a Python script", way_out
        if why is None:
            return text
        _note(root, text, why, problems)
        if why == "it does not exist" and (way_out := _NO_PYTHON.get(Path(text).suffix.lower())):
            script = f"{text.rpartition('.')[0]}.py"
            problems[f"{text}?"] = way_out if _unusable(root, script) else did_you_mean(script)
            return ""
    told = problems.get(f"{text}?", "")
    is_clear = told.startswith("write ") or told in (ONLY_FILES, file_written_here(text), *_NO_PYTHON.values())
    if not is_clear and (near := _module_meant(entry.name, search)):
        words = entry.name.split()
        more = entry.module and len(words) > 1
        way_out = f"write `entry_script: -m {near}`, and its arguments as script_params" if more else ""
        problems[f"{text}?"] = _in_folder(root, entry.name, near) or way_out or did_you_mean(f"-m {near}")
    elif not told and not entry.module and _DOTTED.fullmatch(text):
        problems[f"{text}?"] = f"a module is written as -m {text}, and source_directory has its package"
    return ""


_DOTTED = re.compile(r"(?!.*\.(?:py|sh|txt|ya?ml|json)$)[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


def _in_folder(root: Path, name: str, found: str) -> str:
    """The way out where the module that was meant is in a folder that is no package, as of a project with src/."""
    folder = found.removesuffix(f".{name}").replace(".", "/")
    if not found.endswith(f".{name}") or exists(root / folder / "__init__.py"):
        return ""
    return f"it is in {folder}/: write `environment_variables: {{PYTHONPATH: {folder}}}`"


def _module_meant(written: str, search: SearchPath) -> str | None:
    """The module that somebody may mean who wrote a path, a command line, a package's name or a slip of the pen."""
    words = written.split()
    command = "-m" in words[:-1]
    word = words[words.index("-m") + 1] if command else next(iter(words), "")
    name = word.removesuffix(".py").strip("/").replace("/", ".")
    known = [found for folder in search.folders for found in modules_below(folder)]
    if name in known:
        return name
    inside = [one for one in known if one.rpartition(".")[0] == name]
    usual = [one for one in inside if one.rpartition(".")[2] in ("task", "train", "main")]
    is_path = word.endswith(".py") or ("/" in word and not inside)
    return next(iter([*usual, *inside]), None) or (None if is_path else nearest(name, known))


def _bytes_inside(
    root: Path, name: str, problems: dict[str, str], *, named: str = "", most: int = _MOST_BYTES
) -> bytes | None:
    """The bytes of a file that stays in `root`; None with the reason in `problems`, under what it was `named`."""
    reason = _unusable(root, name)
    if reason is None:
        try:
            data = read_bounded(root / name, most)
            if data is not None:
                return data
            reason = f"it is larger than {most // 1_000_000} MB"
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
    _note(root, named or name, reason, problems)
    return None


def _note(root: Path, name: str, reason: str, problems: dict[str, str]) -> None:
    problems[name] = reason
    hint = ONLY_FILES if "no regular file" in reason else None
    if Path(name).is_absolute() and real(Path(name)).is_relative_to(root) and is_file(Path(name)):
        hint = f"write {real(Path(name)).relative_to(root).as_posix()}: it is relative to source_directory"
    if hint or (reason == "it does not exist" and (hint := _file_hint(root, name))):
        problems[f"{name}?"] = hint


def _file_hint(root: Path, name: str) -> str | None:
    """The file that somebody means who wrote a command line, a path of another system, or a slip of the pen."""
    if foreign := file_written_here(name):
        return foreign
    for word in name.split():
        if word != name and _unusable(root, word) is None:
            return f"write {word} alone{': arguments are script_params' if word.endswith('.py') else ''}"
    folder = f"{name.rpartition('/')[0]}/" if "/" in name else ""
    if not is_folder(root / folder) or not real(root / folder).is_relative_to(root):
        return None
    suffix = Path(name).suffix.lower()
    files = [path for path in (root / folder).glob("*") if suffix in ("", path.suffix.lower()) and is_file(path)]
    stems = {path.stem.lower(): path.name for path in sorted(files)}  # an extension alone makes no name a near one
    near = nearest(Path(name).stem.lower(), stems)
    return did_you_mean(f"{folder}{stems[near]}") if near else None


def _unusable(root: Path, name: str) -> str | None:
    if "\0" in name or "\n" in name:
        return "it is no file name"
    if Path(name).is_absolute():
        return "it is an absolute path"
    path = real(root / name)
    if not path.is_relative_to(root):
        return "it leaves source_directory"
    if is_folder(path):
        return "it is a directory"
    if exists(path) and (not is_file(path) or is_kernels(path)):
        return f"it is {kind_at(path)}, no regular file"
    return None if is_file(path) else "it does not exist"
