"""Arguments of methods that are text, paths or names: an object in their place is refused in words."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from tfinfra.api.told import told
from tfinfra.errors import UsageError


def require_text(argument: str, value: object, hint: str) -> None:
    """Raises UsageError where `value` is no text."""
    if not isinstance(value, str):
        raise wrong_kind(argument, value, "text", hint)


def require_path(argument: str, value: object) -> None:
    """Raises UsageError where `value` is neither a path nor None."""
    if value is not None and not isinstance(value, (str, os.PathLike)):
        raise wrong_kind(argument, value, "a path", f"write {argument}='a/path', or leave it out")


def require_paths(argument: str, value: object) -> None:
    """Raises UsageError where `value` is neither None nor a list of paths."""
    if value is None:
        return
    if isinstance(value, (str, os.PathLike)) or not isinstance(value, Iterable):
        raise wrong_kind(argument, value, "a list of paths", f"write {argument}=['a/path'], or leave it out")
    for index, path in enumerate(value):
        if not isinstance(path, (str, os.PathLike)):
            raise wrong_kind(f"{argument}[{index}]", path, "a path", "write a path as text")


def require_dict(argument: str, value: object, hint: str) -> None:
    """Raises UsageError where `value` is no dict."""
    if not isinstance(value, Mapping):
        raise wrong_kind(argument, value, "a dict", hint)


def require_names(argument: str, value: Any, hint: str) -> None:
    """Raises UsageError where `value` is neither a name nor several."""
    if isinstance(value, str):
        return
    if isinstance(value, bytes) or not isinstance(value, Iterable):
        raise wrong_kind(argument, value, "a list of names", hint)
    for index, name in enumerate(value):
        if not isinstance(name, str):
            raise wrong_kind(f"{argument}[{index}]", name, "a name", hint)


def wrong_kind(argument: str, value: object, wanted: str, hint: str) -> UsageError:
    """The error about `value`."""
    return told(UsageError(f"{argument} is {kind_of(value)}, not {wanted}", hint=hint))


def kind_of(value: object) -> str:
    """What a person calls it. Its own text is never asked for: it may hold a secret."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    return "None" if value is None else f"an object of type {type(value).__name__}"
