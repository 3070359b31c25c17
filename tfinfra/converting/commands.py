"""What all tools share that start a training by a command line: set-up and run commands into a draft."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from tfinfra.converting.draft import Draft
from tfinfra.errors import Position
from tfinfra.manifest.words.command_lines import Started, commands, started
from tfinfra.manifest.words.meanings import keys_of

_INSTALL = re.compile(r"(?:python[\d.]* -m |uv |sudo )*pip[\d.]* install (.*)")
_EXPORT = re.compile(r"export ([A-Za-z_]\w*)=(.*)")
_QUIET = re.compile(r"cd |echo |set -|source |conda activate|\.( |/)|#|nvidia-smi|ls|pwd|hostname|date")
_UNSAFE = re.compile(r"[$`(){}<>|;&*]")


def put_command(
    draft: Draft, command: str | list[str], position: Position | None, title: str = "run"
) -> Started | None:
    """The script, its arguments and what the commands before it say. What it starts is returned, None for nothing."""
    found = started(command)
    text = command if isinstance(command, str) else shlex.join(command)
    if found is None:
        draft.quote(f"{title}, as it was written:", text)
        draft.note("no script of Python is started here", position, "write it as entry_script, with its script_params")
        return None
    _put_script(draft, found, position)
    keys = {key: value for key, value in keys_of(found).items() if key not in ("entry_script", "script_params")}
    draft.variables(keys.pop("environment_variables", {}), {})
    for key, value in keys.items():
        draft.keys.setdefault(key, value)
    _others(draft, found.others, position)
    if found.others or found.launcher:
        draft.quote(f"{title}, as it was written:", text)
    return found


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
    draft.parameters(keys_of(found).get("script_params", {}), position)


def put_setup(draft: Draft, text: str, position: Position | None, title: str = "setup") -> None:
    """Commands that prepare a machine: pip's packages where they are plain, all of them as a comment."""
    draft.quote(f"{title}, as it was written:", text)
    _others(draft, tuple(commands(text)), position)


def _others(draft: Draft, lines: tuple[str, ...], position: Position | None) -> None:
    for line in lines:
        install, export = _INSTALL.fullmatch(line), _EXPORT.fullmatch(line)
        if export:
            draft.variables({export[1]: export[2].strip("'\"")}, {export[1]: position})
        elif not (install and _put_packages(draft, install[1])) and not _QUIET.match(line):
            _left(draft, line, position)


def _left(draft: Draft, line: str, position: Position | None) -> None:
    """A command that stands in the comment alone."""
    at = draft.within(position, line.split(" ", maxsplit=1)[0])
    hint = "packages belong in pip_packages, the rest in a file that setup_script names"
    draft.note("this command has no equivalent: it stands in the manifest's comment", at, hint)


def _put_packages(draft: Draft, words: str) -> bool:
    """Whether these arguments of `pip install` are plain packages, or one file of them."""
    if _UNSAFE.search(re.sub(r"[<>]=?[\w.]+|['\"]", "", words)):
        return False
    try:
        given = [
            word for word in shlex.split(words) if word not in ("-U", "--upgrade", "-q", "--quiet", "--no-cache-dir")
        ]
    except ValueError:
        return False
    if len(given) == 2 and given[0] in ("-r", "--requirement"):
        draft.put("pip_requirements_file", given[1].removeprefix("./"))
        return True
    if any(word.startswith(("-", ".", "/", "git+")) or "/" in word for word in given):
        return False
    draft.packages([word for word in given if word not in ("pip", "setuptools", "wheel")])
    return True


def with_variables(text: str, draft: Draft) -> str:
    """A command with the values of the draft's own variables in it: a manifest expands none but tfinfra's."""
    for name, value in draft.keys.get("environment_variables", {}).items():
        text = re.sub(rf"\$(?:{name}\b|\{{{name}\}}|\({name}\))", lambda _, value=value: str(value), text)  # type: ignore[misc]
    return text


def substituted(text: str, values: Mapping[str, Any], form: str) -> str:
    """`text` with each name of `values` put in place of what `form` writes for it."""
    for name, value in values.items():
        pattern = form.replace("NAME", re.escape(name))
        text = re.sub(pattern, lambda _, value=value: str(value), text)  # type: ignore[misc]
    return text
