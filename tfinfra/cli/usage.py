"""What is wrong with a command line, in the form of all errors: click finds it, and has words of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

from tfinfra.errors import UsageError

_OTHERS = {
    **dict.fromkeys(("run", "launch", "apply", "start", "deploy", "train", "create", "exec"), "up"),
    **dict.fromkeys(("destroy", "delete", "rm", "stop", "terminate", "cancel", "teardown", "kill"), "down"),
    **dict.fromkeys(("ls", "list", "ps", "queue", "jobs"), "runs"),
    **dict.fromkeys(("lint", "verify"), "validate"),
    **dict.fromkeys(("preview", "dryrun", "dry-run", "cost-report"), "plan"),
    **dict.fromkeys(("download", "pull", "sync-down"), "fetch"),
    **dict.fromkeys(("show", "describe"), "status"),
    **dict.fromkeys(("sweep", "search", "hyperdrive", "hyperopt", "optimize", "hpo"), "tune"),
    "tail": "logs",
    **dict.fromkeys(("ssh", "shell", "attach"), "exec"),
}
"""Verbs of SkyPilot, docker, kubectl, terraform and others, in ours."""
_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
_BEHIND = "-- "
"""What the name of an argument begins with that stands behind two dashes."""
_NO_COMMAND = re.compile(r"No such command '(.*)'\.", re.DOTALL)


def usage_error(error: click.ClickException) -> UsageError:  # noqa: PLR0911  a line a case
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
            _odd(error.option_name)
            or _behind_dashes(error.option_name, context)
            or _near(error.option_name, _options(context), context),
        )
    if isinstance(error, click.MissingParameter) and error.param is not None:
        return _lacking(error.param, context)
    if (
        isinstance(error, click.BadParameter)
        and error.param is not None
        and isinstance(error.param.type, click.IntRange)
    ):
        return _no_number(error.param, error.param.type, error.message, context)
    if extra := _EXTRA.match(error.format_message()):
        return UsageError(f"`{_path(context)}` takes no {_quoted(extra[1])}", _usage(context))
    unknown = _NO_COMMAND.match(error.format_message())
    if unknown and context is not None and isinstance(context.command, click.Group):
        verbs = context.command.list_commands(context)
        meant = _OTHERS.get(unknown[1].lower())
        if unknown[1].lower() == "version":
            return UsageError(f"`{_path(context)}` has no verb '{unknown[1]}'", "`tfinfra --version` says it")
        hint = f"`{_path(context)} {meant}` does it" if meant in verbs else _near(unknown[1], verbs, context)
        return UsageError(f"`{_path(context)}` has no verb '{unknown[1]}'", hint)
    message = error.format_message().rstrip(".")
    return UsageError(message[:1].lower() + message[1:], _odd(message) or _usage(context))


def _lacking(parameter: click.Parameter, context: click.Context | None) -> UsageError:
    if isinstance(parameter, click.Option):
        given = f"{parameter.opts[-1]} {parameter.metavar or (parameter.name or '').upper()}"
        return UsageError(f"`{_path(context)}` lacks its {given}", f"add `{given}`; {_explained(context)}")
    name = parameter.human_readable_name.removeprefix(_BEHIND)
    taken = (context.params if context is not None else {}).get("run")
    if taken and name != parameter.human_readable_name:
        name = f"{name}: '{taken}' stands where its RUN is expected, and nothing behind it"
    return UsageError(f"`{_path(context)}` lacks its {name}", _usage(context))


def _no_number(
    parameter: click.Parameter, kind: click.IntRange, message: str, context: click.Context | None
) -> UsageError:
    word = message.partition(" is not ")[0].strip("'")
    most = f"from {kind.min} to {kind.max:,}" if kind.max is not None else f"of {kind.min} or more"
    return UsageError(f"{parameter.opts[-1]} is '{word}', not a whole number {most}", _usage(context))


def _quoted(words: str) -> str:
    """ "'a' and 'b'" of click's "a b"."""
    return " and ".join(f"'{word}'" for word in words.split())


def _odd(message: str) -> str | None:
    """What is odd in the word that a message quotes: a dash of a word processor begins no option."""
    from tfinfra.manifest.words.odd_characters import what_is_odd

    words = (word.strip("'\"().,") for word in message.split())
    return next((odd for word in words if (odd := what_is_odd(word))), None)


def _behind_dashes(option: str, context: click.Context | None) -> str | None:
    """Of a verb that runs a command: the option is that command's, unless it is like one of the verb's own."""
    from tfinfra.manifest.words.spelling_hints import nearest

    parameters = context.command.get_params(context) if context is not None else []
    if not any(isinstance(each, click.Argument) and (each.metavar or "").startswith(_BEHIND) for each in parameters):
        return None
    if option.startswith("--") and nearest(option.lstrip("-"), [one.lstrip("-") for one in _options(context)]):
        return None
    return f"a command's own options stand behind `--`: {_usage(context)}"


def _near(word: str, known: Iterable[str], context: click.Context | None) -> str:
    from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

    # Every option begins with the same two characters, which make none of them more alike; `no-` means the contrary
    name = word.lstrip("-")
    by_name = {one.lstrip("-"): one for one in known}
    near = nearest(name, [one for one in by_name if one.startswith("no-") == name.startswith("no-")])
    if near is None or near != name:
        key = _key_of_a_manifest(name)
        if key and nearest(name, by_name, 0.85) is None:
            return key
    return did_you_mean(by_name[near]) if near else f"`{_path(context)} --help` lists them"


def _key_of_a_manifest(name: str) -> str | None:
    """What stands in a manifest rather than on the command line, in our words or those of another tool."""
    from tfinfra.manifest.key_schema import MANIFEST
    from tfinfra.manifest.words.foreign_words import WORDS, at_the_top, in_our_form

    word = in_our_form(name)
    if word in MANIFEST:
        return f"{word} is a key of the manifest: write it there"
    meant = at_the_top(word) if word in WORDS else None
    return f"{meant}, in the manifest" if meant and meant.startswith("write ") else meant


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
    return f"write `{context.command_path} {pieces}`; {_explained(context)}"


def _explained(context: click.Context | None) -> str:
    return f"`{_path(context)} --help` explains it"
