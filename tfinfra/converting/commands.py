"""What all tools share that start a training by a command line: set-up and run commands into a draft."""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import Any

from tfinfra.converting.draft import Draft, hidden_line
from tfinfra.converting.shell_text import assignments, expanded, in_word, left
from tfinfra.converting.versions import put_packages
from tfinfra.errors import Position
from tfinfra.manifest.words.command_lines import (
    Started,
    commands,
    is_move,
    moved,
    shell_text,
    split,
    started,
    started_by,
    values_of,
)
from tfinfra.manifest.words.meanings import keys_of
from tfinfra.text.credentials import names_secret

_INSTALL = re.compile(r"(?:python[\d.]* -m |uv |sudo )*pip[\d.]* install (.*)")
_CONDA = re.compile(r"(?:sudo )?(?:micromamba|mamba|conda) install (.*)")
_QUIET = re.compile(
    r"(?:echo|printf)\b[^>]*|set [-+]\S*.*|conda activate .*|export [A-Za-z_]\w*"
    r"|(?:source|\.) \S*(?:activate|bashrc|profile|conda\.sh|venv)\S*(?: .*)?"
    r"|(?:fi|done|esac|then|else|do|true|false|:|wait|exit)(?!\w).*|\)|\}"
    r"|(?:nvidia-smi|ls|pwd|hostname|date|whoami|uname|printenv|df|free|which)\b[^>]*"
)
"""What prints, or ends what another command has begun."""
_BRANCH = re.compile(r"^(?:(?:then|else|do|sudo) +)+")
_UNSAFE = re.compile(r"[$`(){}<>|;&*]")
_LONGEST = 60


def put_command(draft: Draft, command: str | list[str], position: Position | None, title: str = "run") -> None:
    """The script, its arguments and what the commands before it say."""
    if not isinstance(command, str) and (inner := shell_text(command)) is not None:
        command = inner
    text = command if isinstance(command, str) else shlex.join(command)
    values = draft.keys.get("environment_variables", {})
    if isinstance(command, str):
        found = started(expanded(command, values))
    else:
        found = started([in_word(word, values) for word in command])
    if found is None:
        draft.quote(f"{title}, as it was written:", text)
        draft.note("no script of Python is started here", position, "write it as entry_script, with its script_params")
        return
    _put_script(draft, found, position)
    keys = {key: value for key, value in keys_of(found).items() if key not in ("entry_script", "script_params")}
    for name, value in keys.pop("environment_variables", {}).items():
        _exported(draft, {name: value}, f"{name}=", position)
    _processes(draft, found, keys, position)
    if found.unread:
        what = f"options of {found.launcher} are not kept: {hidden_line(' '.join(found.unread))}"
        draft.note(what, draft.within(position, found.launcher or ""), "tfinfra starts the tasks by Open MPI itself")
    for key, value in keys.items():
        draft.keys.setdefault(key, value)
    _others(draft, found.others, position, in_run=True)
    if found.others or found.launcher:
        draft.quote(f"{title}, as it was written:", text)


def _processes(draft: Draft, found: Started, keys: dict[str, Any], position: Position | None) -> None:
    """A launcher's processes are those of all nodes: a manifest counts them on each."""
    nodes = draft.keys.get("node_count")
    if not isinstance(nodes, int) or not found.launcher or not found.ranks:
        return
    keys.pop("node_count", None)
    each = found.ranks // nodes
    if found.ranks % nodes:
        what = f"{found.ranks} processes are not the same number on each of {nodes} nodes"
        draft.note(what, draft.within(position, found.launcher), "write process_count_per_node")
        keys.pop("process_count_per_node", None)
    elif each > 1 or "process_count_per_node" in draft.keys:
        draft.keys["process_count_per_node"] = each
    else:
        keys.pop("process_count_per_node", None)


def _put_script(draft: Draft, found: Started, position: Position | None) -> None:
    entry = found.entry_script
    if entry.startswith("/"):
        draft.note(f"'{entry}' is a file of the image", position, "put a copy of it into source_directory")
        entry = entry.rpartition("/")[2]
    if "$" in entry or "{{" in entry:
        draft.note(f"the script's path '{entry}' is not written out", position, "write it as entry_script")
    draft.put("entry_script", entry)
    for flag in found.repeated:
        draft.note(f"{flag} stands twice in the command, and a manifest has a flag once", position)
    draft.parameters(values_of(found.script_params), position)
    for flag, words in found.script_params.items():
        kept = flag in draft.keys.get("script_params", {})
        for name in [name for word in (flag, *words) for name in left(word)] if kept else ():
            what = f"'{name}' of {flag} has no value here: a manifest hands it on as it is written"
            at = draft.within(position, flag if flag.startswith("-") else name)
            draft.note(what, at, "write its value in script_params")


def put_setup(draft: Draft, text: str, position: Position | None, title: str = "setup") -> None:
    """Commands that prepare a machine: pip's packages where they are plain, all of them as a comment."""
    draft.quote(f"{title}, as it was written:", text)
    known = expanded(text, draft.keys.get("environment_variables", {}))
    _others(draft, tuple(commands(known)), position, in_run=False)


def _others(draft: Draft, lines: tuple[str, ...], position: Position | None, *, in_run: bool) -> None:
    """Each command beside: what it says where that has a place, a note where not."""
    folder: str | None = ""
    for whole in lines:
        line = _BRANCH.sub("", whole)
        install, given = _INSTALL.fullmatch(line), assignments(line)
        if is_move(line):
            folder = moved(line, folder)
            if in_run:
                _moved(draft, line, position)
        elif given:
            if line.startswith("export "):
                _exported(draft, given, line, position)
        elif not (install and _put_packages(draft, install[1], folder, line, position)):
            conda = _CONDA.fullmatch(line)
            if not (conda and _put_conda(draft, conda[1], line, position)) and not _QUIET.fullmatch(line):
                _left(draft, whole, position)


def _exported(draft: Draft, given: dict[str, str], line: str, position: Position | None) -> None:
    at = draft.within(position, line)
    for name, value in given.items():
        if left(value) and not names_secret(name):
            what = f"the value of {name} is made when the command runs"
            draft.note(what, at, "write it in environment_variables")
        else:
            draft.variables({name: value}, {name: at})


def _moved(draft: Draft, line: str, position: Position | None) -> None:
    """A change of the folder: the script's own place is in entry_script where that can be written."""
    hint = "paths are relative to source_directory: name the folder there, or write the paths from it"
    draft.note(f"a run starts in source_directory: '{_short(line)}' is not kept", draft.within(position, line), hint)


def _left(draft: Draft, line: str, position: Position | None) -> None:
    """A command that stands in the comment alone."""
    at = draft.within(position, line)
    if started_by(line):
        hint = "write a manifest of its own for it, or call it from the script"
        draft.note(f"a manifest starts one script: '{_short(line)}' is left out", at, hint)
        return
    hint = "packages belong in pip_packages, the rest in a file that setup_script names"
    what = f"this command has no equivalent: it stands in the manifest's comment: '{_short(line)}'"
    draft.note(what, at, hint)


def _short(line: str) -> str:
    shown = hidden_line(line)
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _is_unsafe(words: str) -> bool:
    """Whether a shell would do more with these words than part them; a bound of a version (<2.0) is none of it."""
    return _UNSAFE.search(re.sub(r"[<>]=?[\w.]+|['\"]", "", words)) is not None


def _put_conda(draft: Draft, words: str, line: str, position: Position | None) -> bool:
    """Whether these arguments of `conda install` are plain packages of conda-forge."""
    plain = re.sub(r"(?:-c|--channel)[ =]conda-forge(?= |$)|(?<!\S)(?:-[yq]|--yes|--quiet)(?= |$)", "", words)
    given = split(plain)
    if _is_unsafe(plain) or any(re.match(r"-|\.|/|python\b(?!-)", one) for one in given):
        return False
    put_packages(draft, given, draft.within(position, line), "conda_packages")
    return True


def _put_packages(draft: Draft, words: str, folder: str | None, line: str, position: Position | None) -> bool:
    """Whether these arguments of `pip install` are plain packages, or one file of them."""
    if _is_unsafe(words):
        return False
    try:
        given = [
            word for word in shlex.split(words) if word not in ("-U", "--upgrade", "-q", "--quiet", "--no-cache-dir")
        ]
    except ValueError:
        return False
    if len(given) == 2 and given[0] in ("-r", "--requirement"):
        path = posixpath.normpath(posixpath.join(folder or "", given[1]))
        if folder is None or draft.keys.get("pip_requirements_file", path) != path:
            return False
        draft.put("pip_requirements_file", path)
        return True
    if any(word.startswith(("-", ".", "/", "git+")) or "/" in word for word in given):
        return False
    kept = [word for word in given if word not in ("pip", "setuptools", "wheel")]
    put_packages(draft, kept, draft.within(position, line))
    return True
