"""The page of the Python face: each public name with its signature and what its docstring says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from enum import Enum

import tfinfra
from tools.reference.markdown import block, page, paragraphs


def python_page() -> str:
    links = (
        "The estimator takes every key of [the manifest](manifest.md) as an argument.\n"
        "[From Python](../python.md) tells how it is used."
    )
    return page("The Python face", "Names that programs may build on.", [links, *_names()])


def _names() -> Iterator[str]:
    for name in sorted(tfinfra.__all__):
        found = getattr(tfinfra, name)
        if not callable(found):
            continue
        yield f"## {name}"
        is_enum = inspect.isclass(found) and issubclass(found, Enum)
        signature = "\n".join(map(str, found)) if is_enum else _signature(name, found)
        yield block(signature, "python")
        yield _said(found)
        if inspect.isclass(found):
            for member, what in sorted(vars(found).items()):
                if not member.startswith("_"):
                    yield from _member(name, member, what)


def _member(owner: str, name: str, found: object) -> Iterator[str]:
    function = found.__func__ if isinstance(found, (staticmethod, classmethod)) else found
    if isinstance(found, property) and found.fget:
        yield f"### {owner}.{name}"
        yield f"An attribute: `{_plain(inspect.signature(found.fget).return_annotation)}`."
        yield _said(found.fget)
    elif inspect.isfunction(function):
        yield f"### {owner}.{name}()"
        yield block(_signature(name, function), "python")
        yield _said(function)


def _signature(name: str, called: Callable[..., object]) -> str:
    """One parameter a line where it does not fit into one."""
    signature = inspect.signature(called)
    names = [one for one in signature.parameters.values() if one.name != "self"]
    returns = "" if inspect.isclass(called) else f" -> {_plain(signature.return_annotation)}"
    written = [
        str(one)
        .replace(repr(one.annotation), _plain(one.annotation))
        .replace(f": '{one.annotation}'", f": {one.annotation}")
        for one in names
    ]
    star = next((i for i, one in enumerate(names) if one.kind is inspect.Parameter.KEYWORD_ONLY), None)
    if star is not None and not any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in names):
        written.insert(star, "*")
    line = f"{name}({', '.join(written)}){returns}"
    if len(line) <= 100:
        return line
    return "\n".join([f"{name}(", *(f"    {one}," for one in written), f"){returns}"])


def _plain(annotation: object) -> str:
    return str(annotation).strip("'") if annotation is not inspect.Signature.empty else "None"


def _said(of: object) -> str:
    return paragraphs(inspect.getdoc(of) or "")
