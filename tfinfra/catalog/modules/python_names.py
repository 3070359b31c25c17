"""The modules inside those that Python brings, and the names that these have, by Python's version. Data and source:
data/python_names.json, which `python -m tools.python_names` makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tfinfra.catalog.data_files import data_file

_UNSURE = frozenset({"distutils", "test", "tests"})
"""distutils may be that of setuptools; tests are not always shipped."""


def lacking(name: str, members: Collection[str], python: str) -> str | None:
    """What of `from name import …members`, both of the standard library, Python `python` ("3.11.4") does not have: the
    dotted name of the first; None where it may have all, or nothing is known of that version."""
    version, parts = _minor(python), name.split(".")
    if len(parts) == 1 and not members:  # `import os`: the table is not loaded for it
        return None
    if version not in data_file("python_names")["versions"] or _row(parts[0], version) is None:
        return None
    if not _UNSURE.isdisjoint(parts):
        return None
    for count in range(2, len(parts) + 1):
        if _row(".".join(parts[:count]), version) is None:
            return None if parts[count - 1].startswith("_") else ".".join(parts[:count])
    return next((f"{name}.{member}" for member in members if _has_not(name, member, version)), None)


def versions_with(name: str) -> tuple[str, ...]:
    """The versions of Python that have a dotted name, a module or what is in one, oldest first."""
    module, _, member = name.rpartition(".")
    return tuple(
        version
        for version in data_file("python_names")["versions"]
        if _row(name, version) is not None or (_row(module, version) is not None and member in _names(module, version))
    )


def names_in(module: str, python: str) -> tuple[str, ...]:
    """The names that a module has, those of modules in it too, as far as they are known."""
    version, rows = _minor(python), data_file("python_names")["modules"]
    inner = {
        one.removeprefix(f"{module}.")
        for one in rows
        if one.startswith(f"{module}.") and _row(one, version) is not None
    }
    return tuple(sorted({*_names(module, version), *(one for one in inner if "." not in one and one[:1] != "_")}))


def _minor(python: str) -> str:
    return ".".join(python.split(".")[:2])


def _has_not(module: str, member: str, version: str) -> bool:
    row = _row(module, version) or {}
    is_open = row.get("open", ())
    if is_open is True or version in is_open or member == "*" or member.startswith("_"):
        return False
    return member not in _names(module, version) and _row(f"{module}.{member}", version) is None


def _names(module: str, version: str) -> frozenset[str]:
    row = _row(module, version) or {}
    some = {name for name, versions in row.get("some", {}).items() if version in versions}
    return frozenset({*row.get("names", "").split(), *some})


def _row(module: str, version: str) -> Mapping[str, Any] | None:
    """What is known of a module, None where the version does not have it."""
    row: dict[str, Any] | None = data_file("python_names")["modules"].get(module)
    return None if row is None or version not in row.get("in", (version,)) else row
