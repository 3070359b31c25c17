"""Conditions on role assignments, version 2.0, as far as they constrain whom and what an administrator may assign.

The language: learn.microsoft.com/azure/role-based-access-control/conditions-format; its attributes of role assignments:
…/conditions-authorization-actions-attributes; the usual conditions: …/delegate-role-assignments-examples.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

VERSION = "2.0"
_PREFIX = "Microsoft.Authorization/roleAssignments:"
_TOKEN = re.compile(
    r"\s*(?:(?P<mark>[()!,{}]|&&|\|\|)|(?P<text>'[^']*')|(?P<attribute>@\w+\[[^\]]+\])|(?P<word>[\w:.-]+))"
)
_ATTRIBUTE = re.compile(r"@(?P<source>Request|Resource)\[(?P<name>[^\]]+)\]")


@dataclass(frozen=True)
class AssignmentChange:
    """What is to be done: the action, and the role assignment's attributes (RoleDefinitionId, PrincipalId,
    PrincipalType), which are the request's where one is written and the resource's where one is deleted."""

    action: str
    attributes: Mapping[str, str]


Test = Callable[[AssignmentChange], bool]


def holds(condition: str, change: AssignmentChange) -> bool:
    """Whether the condition permits the change. Raises ValueError for a condition that is not known here."""
    return parse(condition)(change)


def parse(condition: str) -> Test:
    """The condition as a test. Raises ValueError."""
    reader = _ConditionReader(condition)
    test = reader.either()
    if reader.next is not None:
        raise ValueError(f"'{reader.next}' is not expected")
    return test


class _ConditionReader:
    """`next` is the token that is read next, None at the end."""

    def __init__(self, text: str) -> None:
        self._text, self._place, self.next = text, 0, ""
        self.take()

    def take(self) -> str:
        """Returns the next token and moves on."""
        taken, rest = self.next or "", self._text[self._place :]
        found = _TOKEN.match(rest)
        if found is None and rest.strip():
            raise ValueError(f"'{rest.strip()[:20]}' cannot be read")
        self.next = found.group().strip() if found else None  # type: ignore[assignment] # the end
        self._place += found.end() if found else len(rest)
        return taken

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise ValueError(f"'{token}' is missing")

    def either(self) -> Test:
        """One or more parts, of which one must hold."""
        tests = [self._both()]
        while (self.next or "").upper() in ("OR", "||"):
            self.take()
            tests.append(self._both())
        return lambda change: any(test(change) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while (self.next or "").upper() in ("AND", "&&"):
            self.take()
            tests.append(self._one())
        return lambda change: all(test(change) for test in tests)

    def _one(self) -> Test:
        first = self.take()
        if first == "!":
            inner = self._one()
            return lambda change: not inner(change)
        if first == "(":
            inner = self.either()
            self.expect(")")
            return inner
        if first == "ActionMatches":
            (pattern,) = self._values()
            return lambda change: fnmatchcase(change.action.lower(), pattern.lower())
        found = _ATTRIBUTE.fullmatch(first)
        if found is None or not found["name"].startswith(_PREFIX):
            raise ValueError(f"'{first}' is no attribute of a role assignment")
        name, operator = found["name"].removeprefix(_PREFIX), self.take()
        if operator not in _OPERATORS:
            raise ValueError(f"'{operator}' is no operator that is known here")
        values, compare = self._values(), _OPERATORS[operator]
        verb = "write" if found["source"] == "Request" else "delete"
        return lambda change: change.action.endswith(f"/{verb}") and compare(change.attributes.get(name, ""), values)

    def _values(self) -> list[str]:
        """{a, 'b'}, or one value without braces."""
        if self.next != "{":
            return [self.take().strip("'")]
        self.take()
        values = [self.take().strip("'")]
        while self.next == ",":
            self.take()
            values.append(self.take().strip("'"))
        self.expect("}")
        return values


def _among(value: str, values: list[str]) -> bool:
    return value.lower() in map(str.lower, values)


def _not_among(value: str, values: list[str]) -> bool:
    return not _among(value, values)


_EQUAL = ("GuidEquals", "StringEqualsIgnoreCase")
_OTHER = ("GuidNotEquals", "StringNotEqualsIgnoreCase")
_OPERATORS: dict[str, Callable[[str, list[str]], bool]] = {
    **{f"{quantity}{name}": _among for name in _EQUAL for quantity in ("", "ForAnyOfAnyValues:")},
    **{f"{quantity}{name}": _not_among for name in _OTHER for quantity in ("", "ForAnyOfAllValues:")},
}
