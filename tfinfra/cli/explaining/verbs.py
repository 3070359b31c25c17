"""The verbs as entries, out of their own help: what they take, and what each option does."""

from __future__ import annotations

from collections.abc import Iterator

import click

from tfinfra.cli.main import VERBS, cli
from tfinfra.reference.entry import Entry, Option


def verb_entries() -> tuple[Entry, ...]:
    """In the order of `tfinfra --help`; the verbs of a verb come after it: `catalog sizes`."""
    return tuple(entry for name in VERBS for entry in verb_entry(name))


def verb_entry(name: str) -> tuple[Entry, ...]:
    """A verb and those that it has itself. Raises KeyError where there is none of this name."""
    context = click.Context(cli, info_name="tfinfra")
    command = cli.get_command(context, name)
    if command is None:
        raise KeyError(name)
    return tuple(_entries(name, command, context, VERBS[name][1]))


def _entries(name: str, command: click.Command, parent: click.Context, title: str) -> Iterator[Entry]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    options = (_option(each) for each in command.params if isinstance(each, click.Option) and not each.hidden)
    example = f"tfinfra {name} {usage}".replace("[OPTIONS] ", "").replace(" [OPTIONS]", "")
    yield Entry("verb", name, "", title, (command.help or "").strip(), example=example, options=tuple(options))
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            below = command.get_command(context, inner)
            if below is not None:
                yield from _entries(f"{name} {inner}", below, context, below.get_short_help_str(200))


def _option(option: click.Option) -> Option:
    names = ", ".join([*option.opts, *option.secondary_opts])
    takes = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('')))}"
    return Option(f"{names}{takes}", option.help or "")
