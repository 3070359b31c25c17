"""What uv says when it makes no lock, as errors in the words of the manifest. Its texts are those of uv 0.13 and some
versions before; what is not known here keeps uv's own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from tfinfra.environment.requirements.refused_packages import RefusedPackages
from tfinfra.environment.requirements.requirement import BUILDS, normalised
from tfinfra.errors import CredentialsError, NotFeasible, TfinfraError, UsageError

_UNREACHABLE = re.compile(
    r"error sending request|dns error|could not resolve host|couldn't connect|failed to connect"
    r"|connection (refused|reset)|timed out|network was disabled|network connectivity is disabled|server error"
    r"|network is unreachable",
    re.I,
)
_DENIED = re.compile(r"\b(401 Unauthorized|403 Forbidden|407 Proxy Authentication Required)\b")
_SETTINGS = re.compile(
    r"invalid value '.*' for '--|failed to parse: `[^`]*uv\.toml`|environment variable|TOML parse error", re.I
)
_EXPLANATION_LINES = 8
_NAMED = re.compile(r"`([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?:`|\s+@\s|==)")


class Unsolvable(Exception):
    """uv found no solution: the text explains it, `about` are the packages that it names, `said` is all of it."""

    def __init__(self, text: str, about: tuple[str, ...] = (), said: str = "") -> None:
        super().__init__(text)
        self.about, self.said = about, said or text


def refusal_of(stderr: str, lines: Sequence[str], index_answers: Callable[[], bool]) -> Exception:
    """The error for what uv says of the requirement `lines`: Unsolvable where there is no solution, NotFeasible where
    no server can be reached, CredentialsError where one wants to know who asks, UsageError where uv's own settings are
    wrong, RefusedPackages where a package is, else TfinfraError. A server that only one line names is that line's fault
    where `index_answers`."""
    about = _about(stderr, lines)
    of_url = bool(about) and "@" in stderr.partition("\n")[0]
    what = f"the source of {about[0]}" if of_url else f"the package index{_server(stderr)}"
    if denied := _DENIED.search(stderr):
        hint = "its user and password belong in a netrc file, or in UV_INDEX in tfinfra's environment"
        return CredentialsError(f"{what} wants to know who asks: {denied[1]}", hint=hint)
    if "No solution found" in stderr:
        return Unsolvable(explanation(stderr), packages_in(stderr), " ".join(stderr.split()))
    if is_unreachable(stderr):
        return _unreachable(f"{what} cannot be reached: {_last_cause(stderr)}", about if of_url else (), index_answers)
    if about:
        return _unusable(stderr, about)
    if _SETTINGS.search(stderr):
        message = f"uv does not take its settings on this machine:\n{explanation(stderr)}"
        return UsageError(message, hint="look at the variables UV_… of your environment, and at uv.toml")
    return TfinfraError(f"the training environment could not be locked:\n{explanation(stderr)}")


def _unreachable(message: str, about: tuple[str, ...], index_answers: Callable[[], bool]) -> TfinfraError:
    if about and index_answers():
        hint = "the package index answers, this server does not: look at the line's URL"
        return RefusedPackages(f"pip_packages: {message}", hint, about=about)
    hint = "the first run of an environment needs a package index; index_url of the target names another one"
    return NotFeasible(message, hint=hint)


def _unusable(stderr: str, about: tuple[str, ...]) -> RefusedPackages:
    """A package that a server has, and that is not what its line says."""
    expected, mark, computed = stderr.partition("Computed:")
    if mark:
        kinds = re.findall(r"\b(sha\d+):", expected.rpartition("Expected:")[2])
        same = [one for one in computed.split() if one.partition(":")[0] in kinds] or computed.split()
        message = f"pip_packages: the file of {about[0]} has another hash than the one that is pinned: {same[0]}"
        hint = "another file is served than the one that was meant: find out why before you change the hash"
        return RefusedPackages(message, hint, about=about, code="TFI328")
    message, hint = f"pip_packages: {about[0]} cannot be had:\n{explanation(stderr)}", "change or remove this line"
    return RefusedPackages(message, hint, about=about)


def is_unreachable(stderr: str) -> bool:
    """Whether uv ended because no server could be reached."""
    return bool(_UNREACHABLE.search(stderr))


def _server(stderr: str) -> str:
    """ " at HOST", as uv names the page that it could not have."""
    found = re.search(
        r"(?:Failed to (?:fetch|read[^:]*URL):? ?:? `?|(?:for|index) url \()(https?://[^\s`)]+)", stderr, re.I
    )
    host = urlsplit(found[1]).netloc.rpartition("@")[2] if found else ""
    return f" at {host}" if host else ""


def _about(stderr: str, lines: Sequence[str]) -> tuple[str, ...]:
    """The packages that uv means where it speaks of no solution: by name, by a wheel's file, or by the position of a
    line in what it was given."""
    found = [normalised(name) for name in _NAMED.findall(stderr)]
    if position := re.search(r"at position (\d+)", stderr):
        before = "\n".join(lines)[: int(position[1])]
        found.append(_name_of(lines[min(before.count("\n"), len(lines) - 1)]))
    if file := re.search(r"wheel filename `([^`]+)`", stderr):
        found += [_name_of(line) for line in lines if file[1] in line]
    named = {_name_of(line) for line in lines}
    return tuple(dict.fromkeys(name for name in found if name in named))


def _name_of(line: str) -> str:
    found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line)
    return normalised(found.group()) if found else ""


def _last_cause(stderr: str) -> str:
    causes = [line.strip() for line in stderr.splitlines() if line.strip()]
    return causes[-1].removeprefix("cause:").removeprefix("fatal:").strip() if causes else "no reason given"


def explanation(stderr: str) -> str:
    """uv's reasons without its framing, at most a few lines, indented."""
    text = "\n".join(line for line in stderr.splitlines() if not line.startswith(("error: No solution", "warning:")))
    text = re.sub(r",? we can conclude that your requirements are unsatisfiable\.", ".", text)
    lines = [re.sub(r"^\s*(error:|cause:|hint:)?\s*", "", line) for line in text.splitlines()]
    return "\n".join(f"  {line}" for line in [line for line in lines if line][:_EXPLANATION_LINES])


def packages_in(stderr: str) -> tuple[str, ...]:
    """The packages that uv names: those that a requirement asks for first, the last of these in front, because uv ends
    its reasons with what cannot be reconciled."""
    asked = re.findall(r"you require ([A-Za-z0-9][\w.-]*)", stderr)
    others = re.findall(r"(?<![\w./@-])([A-Za-z0-9][\w.-]*)(?=\[|[<>=!~]=|[<>]|\{|\s+@\s| was not found)", stderr)
    return tuple(dict.fromkeys(normalised(name) for name in [*reversed(asked), *others]))


def solver_error(why: Unsolvable, tensorflow: str, version: str, python: str) -> RefusedPackages:
    """The error that names the manifest's key at fault, or the packages."""
    text = str(why)
    if young := _YOUNG.search(why.said):
        return _too_young(young, why, tensorflow)
    if f"there is no version of {tensorflow}=={version}" in text:
        return RefusedPackages(
            f"framework_version: there is no TensorFlow {version} for this platform",
            hint="write a version that PyPI has, such as 2.15.1 (the default)",
            key="framework_version",
        )
    if re.search(rf"\b{re.escape(tensorflow)}(\[[\w-]+\])?=={re.escape(version)} has no wheels with a matching", text):
        return RefusedPackages(
            f"python_version: TensorFlow {version} has no build for Python {python}:\n{text}",
            hint="choose a python_version that this framework_version was built for, or another framework_version",
            key="python_version",
        )
    if f"{tensorflow} was not found in" in text:
        return RefusedPackages(
            f"index_url: no package index that is asked has TensorFlow ({tensorflow})",
            hint="an index instead of PyPI must have its packages too: extra_index_urls adds one to PyPI",
            key="index_url",
        )
    for sign, message, hint in _SIMPLE:
        if found := re.search(sign, why.said):
            name = normalised(found["name"])
            said = f"pip_packages: {message.format(**found.groupdict(), text=text)}"
            return RefusedPackages(said, hint=hint.format(name=name), about=(name, *why.about))
    return RefusedPackages(
        f"pip_packages: the packages do not fit TensorFlow {version} on Python {python} or one another:\n{text}",
        hint="change pip_packages (or the requirements file), framework_version or python_version",
        about=why.about,
    )


_YOUNG = re.compile(r"`(?P<name>[^`]+)` was filtered by `exclude-newer`.*?uploaded before (?P<date>[\d-]+)")


def _too_young(young: re.Match[str], why: Unsolvable, tensorflow: str) -> RefusedPackages:
    """A version that is there, but for a setting of uv's on this machine."""
    own = young["name"] == tensorflow
    return RefusedPackages(
        f"pip_packages: UV_EXCLUDE_NEWER leaves out what was published after {young['date']}:\n{why}",
        hint="take it out of tfinfra's environment (or exclude-newer out of uv.toml), or write an older version",
        key="framework_version" if own else "pip_packages",
        about=() if own else (normalised(young["name"]), *why.about),
    )


_SIMPLE = (
    (
        r"Wheels are required for `(?P<name>[^`]+)`",
        "there is no wheel of {name} that fits:\n{text}",
        "another version may have one; `source_builds: [{name}]` " + BUILDS,
    ),
    (
        r"(?P<name>[A-Za-z0-9][\w.-]*) was not found in the (package registry|provided package locations)",
        "no package index that is asked has a package {name}",
        "look at its spelling; a package of your own comes from an index of the target's: extra_index_urls",
    ),
    (
        r"there (is|are) no versions? of (?P<spec>(?P<name>[A-Za-z0-9][\w.-]*)[^ ]*)",
        "the index has no version {spec}:\n{text}",
        "write a version that the index has; a pre-release is taken where the line names one, or with --pre",
    ),
)
"""(uv's words, the message, the way out): what is told in one sentence."""
