"""Classes that succeed others of the same name: a method or an attribute that those had and they have not says what to
write instead, on the class and on its objects. It is absent all the same: `hasattr` says so, `dir` leaves it out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn


class SuccessorType(type):
    """The metaclass. A class's `_GONE` is {name: what to write instead}."""

    _GONE: Mapping[str, str] = {}
    if not TYPE_CHECKING:  # which would take every name for one that is there

        def __getattr__(cls, name):
            raise_missing(cls, name)


class Successor(metaclass=SuccessorType):
    """The base of a class that succeeds another."""

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            raise_missing(type(self), name)


def raise_missing(successor: SuccessorType, name: str) -> NoReturn:
    """Raises the AttributeError for a name that is not there."""
    instead = successor._GONE.get(name)
    if instead is None:
        raise AttributeError(f"'{successor.__name__}' has no attribute '{name}'", name=name, obj=successor)
    # Python would add a name that is spelt alike to an error that has a name.
    raise AttributeError(f"'{successor.__name__}' has no '{name}' here: {instead}", name=None, obj=None)
