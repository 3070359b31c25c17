"""What is wrong with a command line, in the form of all errors: click finds it, and has words of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

from tfinfra.errors import UsageError

_NO_COMMAND = re.compile(r"No such command '(.*)'\.", re.DOTALL)


def usage_error(error: click.ClickException) -> UsageError:
    """The error with what is wrong, then the way out."""
    context: click.Context | None = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        verbs = error.ctx.command.list_commands(error.ctx) if isinstance(error.ctx.command, click.Group) else []
        return UsageError(
            f"`{_path(context)}` takes a verb", f"{' or '.join(verbs)}; `{_path(context)} --help` explains them"
        )
    if isinstance(error, click.NoSuchOption):
        return UsageError(
            f"`{_path(context)}` has no option '{error.option_name}'",
            _near(error.option_name, _options(context), context),
        )
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return UsageError(f"`{_path(context)}` lacks its {(error.param.name or '').upper()}", _usage(context))
    unknown = _NO_COMMAND.match(error.format_message())
    if unknown and context is not None and isinstance(context.command, click.Group):
        verbs = context.command.list_commands(context)
        return UsageError(f"`{_path(context)}` has no verb '{unknown[1]}'", _near(unknown[1], verbs, context))
    message = error.format_message().rstrip(".")
    return UsageError(message[:1].lower() + message[1:], _usage(context))


def _near(word: str, known: Iterable[str], context: click.Context | None) -> str:
    from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

    # Every option begins with the same two characters, which make none of them more alike; `no-` means the contrary
    name = word.lstrip("-")
    by_name = {one.lstrip("-"): one for one in known}
    near = nearest(name, [one for one in by_name if one.startswith("no-") == name.startswith("no-")])
    return did_you_mean(by_name[near]) if near else f"`{_path(context)} --help` lists them"


def _path(context: click.Context | None) -> str:
    return context.command_path if context is not None else "tfinfra"


def _options(context: click.Context | None) -> list[str]:
    """As a command line has them; an argument's name is no word of it."""
    parameters = context.command.get_params(context) if context is not None else []
    options = (each for each in parameters if isinstance(each, click.Option))
    return [name for each in options for name in (*each.opts, *each.secondary_opts)]


def _usage(context: click.Context | None) -> str:
    if context is None:
        return "`tfinfra --help` lists the verbs, `tfinfra VERB --help` what each takes"
    pieces = " ".join(context.command.collect_usage_pieces(context))
    return f"write `{context.command_path} {pieces}`; `{context.command_path} --help` explains it"
