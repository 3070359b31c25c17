"""A requirement line, parsed: what of it may go into a lock. The compiler's rule and the lock's are this one."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

INDEX_HINT = "write it in the target: index_url, extra_index_urls or find_links"
BUILDS = "builds and runs its code, with your rights, where the lock is made and on the nodes"

_INDEX_OPTIONS = ("--index-url", "--extra-index-url", "-i", "--find-links", "-f", "--trusted-host")
_LONGEST_NAME, _LONGEST = 128, 2000
_ARCHIVES = (".whl", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz")
HASH = re.compile(r"\s--hash[= ](\S+)")
_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_PIN = r" *(?:==|!=|<=|>=|<|>) *[0-9]{1,9}(?:\.[0-9]{1,9}){0,9} *"
_USUAL = re.compile(rf"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:{_PIN}(?:,{_PIN})*)?")
"""What nearly all lines are: a name, perhaps with plain versions. Loading the parser of all others takes longer than to
check a manifest."""
_EGG = re.compile(r"(?:^|&)egg=(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[^\]]*\])?)(?=&|$)")
_SHOWN = 80
_FORM = "write name==1.2.3, name>=1,<2, or name @ https://…/name-1.2.3-….whl"
OWN_PROJECT = (
    "remove it: a task's Python looks in source_directory first, and environment_variables: {PYTHONPATH: src} adds a"
    " folder of it; write the packages that the project needs"
)


@dataclass(frozen=True)
class Requirement:
    """`name` is normalised; `url` the wheel, source package or repository that the line names, "" for the index's;
    `is_exact`: no two versions meet it."""

    name: str
    url: str = ""
    is_exact: bool = False


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


def hash_fault(text: str) -> str:
    """Why `text` is no hash that pip takes ("sha256:…"); "" where it is one."""
    kind, _, digits = text.partition(":")
    if kind not in _DIGITS:
        return f"a hash is one of {', '.join(_DIGITS)}, not {kind[:_SHOWN]!r}"
    if not re.fullmatch(rf"[0-9a-fA-F]{{{_DIGITS[kind]}}}", digits):
        return f"a hash of {kind} has {_DIGITS[kind]} digits of 0-9 and a-f"
    return ""


def named(line: str) -> str:
    """A repository's URL that says its package's name as pip once had it (#egg=name), in today's form: name @ URL. Any
    other line stays as it is."""
    url, _, fragment = line.partition("#")
    found = _EGG.search(unquote(fragment))
    if not found or not url.startswith("git+") or " " in url:
        return line
    rest = "&".join(part for part in fragment.split("&") if not part.startswith("egg="))
    return f"{found['name']} @ {url}{'#' if rest else ''}{rest}"


def read_requirement(line: str, source_builds: Collection[str] = ()) -> Requirement:
    """The requirement in one line, of which the lock makes its own hashes. `source_builds` are the normalised names of
    packages that may be built. Raises RefusedRequirement.

    uv puts variables of its environment in place of ${NAME}, joins a line that ends in a backslash with the next, and
    takes options and paths: none of that reaches it.
    """
    bare = HASH.sub("", line).strip()
    if len(bare) <= _LONGEST_NAME and (usual := _USUAL.fullmatch(bare)) and not _is_archive(usual["name"]):
        return Requirement(normalised(usual["name"]), "", "==" in bare)
    from packaging import requirements

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
        if _is_archive(parsed.name):
            raise _is_path(bare)
        exact = any(part.operator in ("==", "===") and not part.version.endswith("*") for part in parsed.specifier)
        found = Requirement(normalised(parsed.name), parsed.url or "", exact or bool(parsed.url))
    if len(found.name) > _LONGEST_NAME:
        raise RefusedRequirement(f"{shown(bare)} is no requirement: no package has so long a name", _FORM)
    if found.url:
        _check_url(bare, found, source_builds)
    return found


def _is_archive(name: str) -> bool:
    return name.lower().endswith(_ARCHIVES)


def _check_text(line: str) -> None:
    odd = next((character for character in line if not character.isprintable()), None)
    if odd is not None:
        what = f"U+{ord(odd):04X}, {_name(odd)}"
        hint = "write a plain blank" if odd.isspace() and odd > "~" else "write one requirement on each line"
        raise RefusedRequirement(f"{shown(line)} holds {what}", hint)
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
    if line.startswith((".", "/", "~", "\\")) or re.match(r"[A-Za-z]:[\\/](?!/)", line):
        raise _is_path(line)
    if "\\" in line or len(line) > _LONGEST:
        raise RefusedRequirement(f"{shown(line)} is no requirement", _FORM)


def _name(character: str) -> str:
    import unicodedata

    return unicodedata.name(character, "a control character").lower()


def _unnamed(line: str, error: Exception) -> Requirement:
    """A URL alone, which pip takes too: a wheel's file name has the name of its package."""
    url = line.partition(" ")[0]
    if "://" not in url and not url.lower().startswith("file:"):
        if "/" in url or url.lower().endswith(_ARCHIVES):
            raise _is_path(line) from error
        raise RefusedRequirement(f"{shown(line)} is no requirement", _meant(line)) from error
    parts = _split(url)
    file = unquote(parts.path if parts else "").rpartition("/")[2]
    if line != url or not file.lower().endswith(".whl"):
        _check_url(line, Requirement("", url), {""})  # of a URL that nobody takes the name does not matter
        hint = f"write name @ {url[:_SHOWN]}, and source_builds: [name], which {BUILDS}"
        raise RefusedRequirement(f"{shown(line)} does not say the package's name", hint) from error
    return Requirement(normalised(file.partition("-")[0]), url, is_exact=True)


def _is_path(line: str, name: str = "") -> RefusedRequirement:
    """The refusal of a path: conda and `pip freeze` write one for what was built on the machine that they list."""
    file = re.split(r"[/\\]", line.partition(";")[0].strip())[-1]
    hint = OWN_PROJECT
    if file.lower().endswith(_ARCHIVES):
        hint = f"put it on an index, or on a server: name @ https://…/{file}"
    if name:
        hint = f"write {name}==VERSION: `pip list --format=freeze` lists versions, where `pip freeze` lists paths"
    return RefusedRequirement(f"{shown(line)} is a path of this machine", hint)


def _meant(line: str) -> str:
    """What somebody may mean who wrote a line that is nearly a requirement."""
    if re.match(r"(WARNING|ERROR|DEPRECATION|\[notice\])\b", line):
        return "remove it: a message of pip's, not of its list"
    if command := re.fullmatch(r"[%!$>\s]*(?:python[\d.]* -m |uv )?(?:pip|conda)[\d.]* install (.*)", line):
        words = command[1].split()
        named = f", one a line: {', '.join(words)}" if all(map(_is_one, words)) else ""
        return f"write the packages themselves{named}"

    slips = (
        (r";\s*$", ""),  # nothing behind the semicolon
        (r"^(['\"])(.*)\1$", r"\2"),
        (r"\s+#.*$", ""),
        (r"=>", ">="),
        (r"=<", "<="),
        (r"(?<![=<>!~])=(?!=)", "=="),
        (r"^([A-Za-z0-9._-]+)\s+v?(\d[\w.]*)$", r"\1==\2"),
        (r"(?<=[\d*])\s+(?=[<>=!~])", ","),
        (r"~=\s*(\d+)$", r"~=\1.0"),
    )
    for slip, instead in slips:
        better = re.sub(slip, instead, line)
        if better != line and _is_one(better):
            return f"write {better}"
    words = re.split(r"[\s,]+", line.strip(" ,"))
    if len(words) > 1 and all(map(_is_one, words)):
        return f"write each on a line of its own, or as an item of its own: {', '.join(words)}"
    return _FORM


def _is_one(text: str) -> bool:
    from packaging import requirements

    try:
        return bool(requirements.Requirement(text).name)
    except requirements.InvalidRequirement:
        return False


def _check_url(line: str, found: Requirement, source_builds: Collection[str]) -> None:
    parts = _split(found.url)
    scheme = parts.scheme.lower() if parts else ""
    tool, _, transport = scheme.rpartition("+")
    if parts is None:
        raise RefusedRequirement(f"{shown(line)} names no URL that can be read", _FORM)
    if not scheme or transport == "file" or (not parts.netloc and transport != "ssh"):
        raise _is_path(line, found.name if "@" in line.partition(":")[0] else "")
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
