"""A manifest that is being made of another tool's file: its keys, the comments beside them, and what found no place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, count
from typing import Any

from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import Document, KeyPath, dotted
from tfinfra.manifest.key_schema import TRACKING, VARIABLE, fitting_input, fitting_name
from tfinfra.manifest.words.foreign_paths import target_named
from tfinfra.manifest.words.foreign_words import told
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.model.script_variables import set_by_tfinfra
from tfinfra.text.credentials import covered, covered_command, hidden, in_urls, in_value, names_secret

_GIVEN = re.compile(r"(?i)((?:--?)?[\w-]*(?:key|token|secret|passw|pwd|credential)[\w-]*(?:=|:\s*|\s+))(\S+)")
_LOGIN = re.compile(r"(?i)(\blogin\s+(?:--?[\w-]+(?:=\S+)?\s+)*)(?!-)(\S+)|((?<![\w-])(?<!mkdir )-p\s+)(\S+)")
_TRACKING_URI, _TRACKING_TOKEN = "MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_TOKEN"
_TEAMS_TOKEN = "TEAM_MLFLOW_TOKEN"  # noqa: S105  the name of a variable
_SHORTEST_SECRET = 5
"""Shorter ones are in many words, and mean little."""
NO_TARGET = (
    "write a target of compute_targets.yaml, or {cloud: azure, vm_size: …}; until then the manifest trains locally"
)


@dataclass
class Draft:
    """`keys` are those of a manifest, by name; `comments` are lines above them. `targets` are the names in
    compute_targets.yaml; `beside` is how a path beside the file is written in the manifest. `lines` are
    the file's own."""

    file: str
    targets: frozenset[str] = frozenset()
    beside: str = "."
    lines: tuple[str, ...] = ()
    placed: set[tuple[int, int]] = field(default_factory=set)
    """Lines and columns of commands that have been found."""
    keys: dict[str, Any] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    unmatched: list[Diagnostic] = field(default_factory=list)
    left_behind: set[str] = field(default_factory=set)
    """Values that may be secrets, which no line that is shown may hold."""

    def note(self, what: str, position: Position | None, hint: str | None = None) -> None:
        """`what` of the file has no equivalent."""
        if position is not None and position.text is not None:
            position = replace(position, text=hidden_line(position.text, in_place=True))
        self.unmatched.append(Diagnostic("TFI211", Severity.WARNING, what, "", position, hint))

    def within(self, position: Position | None, command: str) -> Position | None:
        """Where, from `position` on, a command stands that was not looked for before: as a whole, else by its first
        words. `position` where it does not."""
        if position is None:
            return None
        words = command.split()
        for many in dict.fromkeys((len(words), 3, 2, 1)):
            begin = re.compile(r"(?<![\w-])" + r"\s+".join(re.escape(word) for word in words[:many]))
            for number, line in enumerate(self.lines[position.line - 1 :], position.line):
                columns = (found.start() for found in begin.finditer(line))
                column = next((each for each in columns if (number, each) not in self.placed), None)
                if column is not None and (many > 1 or column <= 2 + len(line) - len(line.lstrip())):
                    self.placed.add((number, column))
                    return Position(self.file, number, column + 1, len(line.rstrip()) - column, line)
        return position

    def put(self, key: str, value: Any) -> None:
        """A key of the manifest; nothing without a value."""
        if value not in (None, {}, [], ""):
            self.keys[key] = value

    def name(self, *candidates: Any) -> None:
        """The run's name: the first of these that is text."""
        written = next((str(each) for each in candidates if isinstance(each, (str, int)) and each), None)
        if written:
            self.put("name", fitting_name(written.replace("_", "-")))

    def path(self, written: str) -> str:
        """A path beside the file, as the manifest has it."""
        if self.beside == "." or written.startswith(("/", "~")):
            return written
        return f"{self.beside}/{written.removeprefix('./')}" if written not in (".", "./") else self.beside

    def url(self, written: str, position: Position | None) -> str:
        """A URL of Blob storage without what says who asks, which is said."""
        if in_urls(written):
            hint = "give an identity a role at the store: no URL carries who asks"
            self.note(f"the credentials in '{hidden(written)}' are left out", position, hint)
            written = re.sub(r"(://)[^/?#]*@", r"\1", written)
        return written.partition("?")[0]

    def folder(self, written: str | None) -> None:
        """The source directory; nothing where it is the manifest's own folder."""
        path = self.path((written or ".").removeprefix("./").rstrip("/") or ".")
        self.put("source_directory", path if path != "." else None)

    def variables(self, given: Mapping[str, Any], position: Mapping[str, Position | None]) -> None:
        """Environment variables; those whose name says secret become secrets, and their values are left behind."""
        for name, value in given.items():
            if name in (_TRACKING_URI, _TRACKING_TOKEN):
                self._tracking(name, value, position.get(name))
            elif not re.fullmatch(VARIABLE, name) or set_by_tfinfra(name):
                why = "tfinfra sets it itself" if set_by_tfinfra(name) else "it is no name of a variable"
                self.note(f"the variable {name} is left out: {why}", position.get(name))
            elif names_secret(name) or in_value(str(value)):
                self.secret(name, value)
            else:
                self.keys.setdefault("environment_variables", {})[name] = "" if value is None else value

    def _tracking(self, name: str, value: Any, at: Position | None) -> None:
        """Another MLflow server: tfinfra's own takes the metrics, and sends them on to that."""
        metrics: dict[str, Any] = self.keys.get("metrics", {})
        if name == _TRACKING_URI and re.fullmatch(TRACKING, str(value)):
            self.keys["metrics"] = {"tracking_uri": str(value), **metrics}
        elif name == _TRACKING_URI:
            why = "an MLflow without an http(s) URL cannot be reached from nodes"
            self.note(f"the variable {name} is left out: {why}", at, "`tfinfra metrics RUN --to URL` sends them later")
        else:
            self.secret(_TEAMS_TOKEN, value)
            self.note(f"{name} is tfinfra's own: the server's token is the secret {_TEAMS_TOKEN} here", at)
            self.keys["metrics"] = {**metrics, "token": _TEAMS_TOKEN}

    def secret(self, name: str, value: Any = None) -> None:
        """A variable whose value comes from the environment of whoever starts the run: a `value` stays behind."""
        self.leave_behind(value)
        named = self.keys.setdefault("secrets", [])
        if name not in named:
            named.append(name)

    def leave_behind(self, value: Any) -> None:
        """A value that may be a secret, and is in a line of the file that may be shown."""
        self.left_behind |= {text for text in (str(value), *str(value).splitlines()) if len(text) >= _SHORTEST_SECRET}

    def without_secrets(self, text: str) -> str:
        """The text with a '*' for each character of a value that stays behind."""
        for value in sorted(self.left_behind, key=len, reverse=True):
            text = text.replace(value, "*" * len(value))
        return text

    def parameters(self, given: Mapping[str, Any], position: Position | None) -> None:
        """The script's command line; the value of a flag that says secret is left behind."""
        kept: dict[str, Any] = {}
        for flag, value in given.items():
            named = names_secret(flag.lstrip("-")) or in_value(str(value))
            said = value is not None and named and "${" not in str(value)
            if said or in_value(flag) or _refers_to_secret(value):
                for one in value if isinstance(value, list) else [value]:
                    self.leave_behind(one)
                hint = "name a variable in `secrets`, and read it in the script"
                self.note(f"the value of {_flag(flag)} may be a secret, and is left out", position, hint)
            else:
                kept[flag] = value
        self.put("script_params", {**self.keys.get("script_params", {}), **kept})

    def input(self, written: str, source: Mapping[str, str]) -> str:
        """Data under the name that `written` makes, or one beside it that is free. Returns what stands for its path."""
        named = self.keys.setdefault("inputs", {})
        first = fitting_input(written) or "data"
        name = next(each for each in chain([first], (f"{first}_{number}" for number in count(2))) if each not in named)
        named[name] = source
        return f"${{TFINFRA_INPUT_{name.upper()}}}"

    def tags(self, given: Mapping[str, str], position: Mapping[str, Position | None]) -> None:
        """Tags but those that may hold a secret: everybody who sees the resources reads them."""
        kept = {name: value for name, value in given.items() if not (names_secret(name) or in_value(value))}
        for name in given.keys() - kept.keys():
            self.leave_behind(given[name])
            self.note(f"the tag {name} may hold a secret, and is left out", position.get(name))
        self.put("tags", kept)

    def target(self, name: str, position: Position | None) -> None:
        """A target by its name where there is one; else the manifest trains on this machine, and that is said."""
        plain = target_named(name)
        if plain == "local" or plain in self.targets:
            self.put("compute_target", plain)
        elif "compute_target" not in self.keys:
            self.note(f"the compute '{plain}' is no target that is known here", position, NO_TARGET)

    def quote(self, title: str, text: str) -> None:
        """Lines of a shell as a comment, without what may be a secret in them."""
        self.comments += [title, *(f"  {hidden_line(line)}" for line in text.strip("\n").splitlines())]


@dataclass
class Taken:
    """A document with which of its keys have been taken: the rest has no equivalent."""

    document: Document
    draft: Draft
    _taken: set[KeyPath] = field(default_factory=set)
    _asked: set[KeyPath] = field(default_factory=set)
    """What would have been taken, and is not there."""

    def take(self, *path: str | int) -> Any:
        """The value at `path`, with all that is in it; None where there is none."""
        value: Any = self.document.data
        for part in path:
            inside = isinstance(value, Mapping) and part in value
            inside = inside or (isinstance(value, list) and isinstance(part, int) and part < len(value))
            if not inside:
                self._asked.add(path)
                return None
            value = value[part]
        self._taken.add(path)
        return value

    def mapping(self, *path: str | int) -> Mapping[str, Any]:
        """The same of a mapping, {} where it is none. What is not taken in it has no equivalent."""
        taken = self._taken.copy()
        value = self.take(*path)
        self._taken = taken
        return value if isinstance(value, Mapping) else {}

    def at(self, *path: str | int) -> Position | None:
        """Where the key is."""
        return self.document.key(path)

    def text(self, *path: str | int) -> str | None:
        """A scalar as written, "" for null. What has another shape is not taken."""
        written = self.document.texts.get(path)
        if written is None:
            return None
        return "" if self.take(*path) is None else written

    def number(self, *path: str | int) -> int | None:
        """A whole number. What is none is not taken."""
        taken = self._taken.copy()
        value = self.take(*path)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._taken = taken
        return None

    def finish(self) -> None:
        """Notes all that nobody took, the outermost key of it."""
        self._rest(self.document.data, ())

    def _rest(self, value: Any, path: KeyPath) -> None:
        items = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        for key, inner in items:
            here = (*path, key)
            if here in self._taken:
                continue
            below = inner if isinstance(inner, Mapping) else ()
            if any(one[: len(here)] == here for one in self._taken) or any(
                self._meant((*here, each)) for each in below
            ):
                self._rest(inner, here)
                continue
            meant = self._meant(here)
            hint = did_you_mean(meant) if meant else removed(told(str(key)))
            self.draft.note(f"'{dotted(here)}' has no equivalent", self.document.key(here), hint)

    def _meant(self, path: KeyPath) -> str | None:
        """The key that was looked for beside, where one is spelt almost so."""
        known = sorted(str(one[-1]) for one in self._asked if one[:-1] == path[:-1])
        return nearest(str(path[-1]), known, 0.85) if path not in self._taken else None


def removed(hint: str | None) -> str | None:
    """Of a hint for who writes a manifest, what holds for one that is made."""
    return hint.removeprefix("remove it: ") if hint and "…" not in hint else None


def _refers_to_secret(value: Any) -> bool:
    """Whether another tool would put a value here whose name says secret."""
    return any(names_secret(name) for name in re.findall(r"\$\{\{\s*\w+\.([\w-]+)", str(value)))


def _flag(flag: str) -> str:
    """A flag as it may be said; an argument that no flag is before may be the secret itself."""
    return "an argument" if in_value(flag) else flag


def hidden_line(line: str, *, in_place: bool = False) -> str:
    """A line of a shell without what may be a secret; `in_place` it is a line of the file, and each character keeps its
    column."""

    def mask(kept: str, value: str) -> str:
        return f"{kept}{'*' * len(value) if in_place else '***'}"

    known = covered(line) if in_place else covered_command(line)
    given = _GIVEN.sub(lambda found: mask(found[1], found[2]), known)
    return _LOGIN.sub(lambda found: mask(found[1] or found[3], found[2] or found[4]), given)
