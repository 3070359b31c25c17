"""What a user may build on: the names of the package with their signatures, the verbs with their arguments and options,
and the exit codes. tests/api/public.txt holds it, one a line."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

import tfinfra
from tfinfra import errors
from tfinfra.cli.main import cli

FILE = Path(__file__).with_name("public.txt")


def text() -> str:
    """The public surface as it is now."""
    return "\n".join([*_names(), "", *_exit_codes(), "", *_verbs("tfinfra", cli)]) + "\n"


def _names() -> Iterator[str]:
    for name in sorted(tfinfra.__all__):
        value, path = getattr(tfinfra, name), f"tfinfra.{name}"
        yield path
        if inspect.isfunction(value):
            yield from _parameters(f"{path}()", value)
        if inspect.isclass(value):
            yield from _parameters(path, value)
            for member, what in sorted(vars(value).items()):
                if not member.startswith("_"):
                    yield f"{path}.{member}{'()' if inspect.isfunction(what) else ''}"
                    yield from _parameters(f"{path}.{member}()", what) if inspect.isfunction(what) else ()


def _parameters(path: str, called: Callable[..., object]) -> Iterator[str]:
    """Each as it is written, its type without quotes, behind a star where it can only be given by name."""
    for name, found in inspect.signature(called).parameters.items():
        if name != "self":
            star = "*, " if found.kind is inspect.Parameter.KEYWORD_ONLY else ""
            yield f"{path} {star}{str(found).replace(repr(found.annotation), str(found.annotation))}"


def _exit_codes() -> Iterator[str]:
    kinds = (kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.TfinfraError))
    for code, name in sorted({(kind.exit_code, kind.__name__) for kind in kinds}):
        yield f"exit {code} {name}"


def _verbs(path: str, command: click.Command) -> Iterator[str]:
    with click.Context(command) as context:
        for parameter in command.params:
            yield f"{path} {_written(parameter)}"
        if isinstance(command, click.Group):
            for name in sorted(command.list_commands(context)):
                found = command.get_command(context, name)
                assert found
                yield f"{path} {name}"
                yield from _verbs(f"{path} {name}", found)


def _written(parameter: click.Parameter) -> str:
    """An argument by its name, an option by its spellings; then what it takes."""
    names = "/".join([*parameter.opts, *parameter.secondary_opts])
    if isinstance(parameter, click.Argument):
        name = parameter.name or ""
        return name.upper() if parameter.required else f"[{name.upper()}]{'…' if parameter.nargs == -1 else ''}"
    assert isinstance(parameter, click.Option)
    named = None if isinstance(parameter.type, click.Choice) else parameter.metavar  # its words are the surface
    takes = "" if parameter.is_flag else f" {named or _takes(parameter.type)}"
    return f"{names}{takes}{' …' if parameter.multiple else ''}"


def _takes(kind: click.ParamType[Any]) -> str:
    return "|".join(map(str, kind.choices)) if isinstance(kind, click.Choice) else kind.name
