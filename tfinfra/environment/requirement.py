"""A requirement line, parsed: what of it may go into a lock. The compiler's rule and the lock's are this one."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

INDEX_HINT = "name the package index in tfinfra's environment: UV_DEFAULT_INDEX, UV_INDEX, or PIP_INDEX_URL"
BUILDS = "builds and runs its code, with your rights, where the lock is made and on the nodes"

_INDEX_OPTIONS = ("--index-url", "--extra-index-url", "-i", "--find-links", "-f", "--trusted-host")
_LONGEST_NAME, _LONGEST = 128, 2000
_ARCHIVES = (".whl", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz")
HASH = re.compile(r"\s--hash[= ]\S+")
_SHOWN = 80
_FORM = "write name==1.2.3, name>=1,<2, or name @ https://…/name-1.2.3-….whl"
_PATH_HINT = "put the code into source_directory, or name a package of the index"


@dataclass(frozen=True)
class Requirement:
    """`name` is normalised; `url` the wheel, source package or repository that the line names, "" for the index's."""

    name: str
    url: str = ""


class RefusedRequirement(Exception):
    """Why a line cannot be locked: `message` names it, `hint` is the way out. `builds`: it would have to be built."""

    def __init__(self, message: str, hint: str, *, builds: bool = False) -> None:
        super().__init__(message)
        self.message, self.hint, self.builds = message, hint, builds


def shown(line: str) -> str:
    """The line as messages quote it."""
    return f"'{line if len(line) <= _SHOWN else f'{line[:_SHOWN]}…'}'"


def normalised(name: str) -> str:
    """A package's name as pip and this project compare it (packaging.python.org, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_requirement(line: str, source_builds: Collection[str] = ()) -> Requirement:
    """The requirement in one line, of which the lock makes its own hashes. `source_builds` are the normalised names of
    packages that may be built. Raises RefusedRequirement.

    uv puts variables of its environment in place of ${NAME}, joins a line that ends in a backslash with the next, and
    takes options and paths: none of that reaches it.
    """
    from packaging import requirements

    bare = HASH.sub("", line).strip()
    _check_text(bare)
    try:
        parsed = requirements.Requirement(bare)
    except requirements.InvalidRequirement as error:
        found = _unnamed(bare, error)
    except RecursionError as error:  # a marker of a thousand parentheses
        raise RefusedRequirement(f"{shown(bare)} is no requirement", _FORM) from error
    else:
        if any(not re.fullmatch(r"[A-Za-z0-9.*+!_-]+", part.version) for part in parsed.specifier):
            raise RefusedRequirement(f"{shown(bare)} is no requirement: its version is none", _FORM)
        if parsed.name.lower().endswith(_ARCHIVES):
            raise RefusedRequirement(f"{shown(bare)} is a path of this machine", _PATH_HINT)
        found = Requirement(normalised(parsed.name), parsed.url or "")
    if len(found.name) > _LONGEST_NAME:
        raise RefusedRequirement(f"{shown(bare)} is no requirement: no package has so long a name", _FORM)
    if found.url:
        _check_url(bare, found, source_builds)
    return found


def _check_text(line: str) -> None:
    if any(not character.isprintable() for character in line):
        raise RefusedRequirement(f"{shown(line)} holds a control character", "write one requirement on each line")
    if line.startswith("-") or re.search(r"\s-(-|[a-zA-Z]\b)", line):
        option = next(word for word in line.split() if word.startswith("-")).partition("=")[0]
        hint = INDEX_HINT if option in _INDEX_OPTIONS else "write the packages themselves"
        what = "is an option, not a package" if line.startswith("-") else f"has an option, {option[:_SHOWN]}"
        quoted = option if option in _INDEX_OPTIONS else line  # an index's URL may be secret
        raise RefusedRequirement(f"{shown(quoted)} {what}", hint)
    if "${" in line:
        raise RefusedRequirement(
            f"{shown(line)} names a variable, whose value would be sent to the index", "write it out"
        )
    if line.startswith((".", "/", "~", "\\")):
        raise RefusedRequirement(f"{shown(line)} is a path of this machine", _PATH_HINT)
    if "\\" in line or len(line) > _LONGEST:
        raise RefusedRequirement(f"{shown(line)} is no requirement", _FORM)


def _unnamed(line: str, error: Exception) -> Requirement:
    """A URL alone, which pip takes too: a wheel's file name has the name of its package."""
    url = line.partition(" ")[0]
    if "://" not in url and not url.lower().startswith("file:"):
        path = "/" in url or url.lower().endswith(_ARCHIVES)
        why = "is a path of this machine" if path else "is no requirement"
        raise RefusedRequirement(f"{shown(line)} {why}", _PATH_HINT if path else _FORM) from error
    parts = _split(url)
    file = unquote(parts.path if parts else "").rpartition("/")[2]
    if line != url or not file.lower().endswith(".whl"):
        raise RefusedRequirement(
            f"{shown(line)} does not say the package's name", f"write name @ {url[:_SHOWN]}"
        ) from error
    return Requirement(normalised(file.partition("-")[0]), url)


def _check_url(line: str, found: Requirement, source_builds: Collection[str]) -> None:
    parts = _split(found.url)
    scheme = parts.scheme.lower() if parts else ""
    tool, _, transport = scheme.rpartition("+")
    if parts is None or not scheme or transport == "file" or (not parts.netloc and transport != "ssh"):
        raise RefusedRequirement(f"{shown(line)} is a path of this machine", _PATH_HINT)
    if scheme == "git+ssh":  # an agent's socket is withheld from the tools, and no node has a key of anybody's
        message = f"{shown(line)} is fetched by {scheme}, for which neither package tools nor nodes have a key of yours"
        raise RefusedRequirement(
            message, "write git+https://…, a wheel of an index, or put the code into source_directory"
        )
    if transport != "https" or tool not in ("", "git"):
        message = f"{shown(line)} is fetched by {scheme}, which does not say whom it comes from"
        raise RefusedRequirement(message, "write https://…, or git+https://…")
    is_wheel = not tool and unquote(parts.path).lower().endswith(".whl")
    if not is_wheel and found.name not in source_builds:
        raise RefusedRequirement(f"{shown(line)} is no wheel", f"source_builds: [{found.name}] {BUILDS}", builds=True)


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url)
    except ValueError:
        return None
