"""script_params against a click command of the script, or what Typer makes of a function: the command is built again
from what the script says of it, and asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import click

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.wrong_entries import (
    OFF,
    Words,
    Wrong,
    is_known_to_tasks_alone,
    refused,
    words_of,
)
from tfinfra.compiler.source.command_line.click_command import ClickCommand, ClickParameter, read_click
from tfinfra.compiler.source.command_line.typer_function import read_typer
from tfinfra.errors import Diagnostic
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

_MOST = 50
_ENDS = ("--help", "--version", "--install-completion", "--show-completion")
_TYPES: dict[str, Any] = {"int": click.INT, "float": click.FLOAT, "str": click.STRING, "bool": click.BOOL}


def arguments_of_click(facts: Facts) -> Iterator[Diagnostic]:
    """What click, or Typer by it, would refuse when the script starts, on every node."""
    manifest, source = facts.manifest, facts.project.source
    if not manifest.sound("entry_script") or not manifest.sound("script_params"):
        return
    readers = {"click": read_click, "typer": read_typer}
    for word, read in readers.items():
        if (found := read(source.modules, source.reach)) and not source.names(word, "argv"):
            yield from refused(facts, partial(_all_refusals, found))


def _all_refusals(known: ClickCommand, given: Words) -> Iterator[Wrong]:
    """Of a group those of what stands before the command, and of the command's own."""
    word = next((flag for flag in given if not flag.startswith("-")), None)
    if not known.commands:
        yield from _refusals(known, given)
        return
    entries = [*given.items()]
    at = [*given].index(word) if word is not None else len(entries)
    before = dict(entries[:at])
    if word is None or given[word] or any(one.is_argument for one in known.parameters):
        return
    if not all(values or "=" in flag or _is_bare(known, flag) for flag, values in before.items()):
        return  # the word may be a value
    yield from _refusals(known, before)
    if word in known.commands:
        yield from _refusals(known.commands[word], dict(entries[at + 1 :]))
        return
    near = nearest(word, known.commands)
    hint = did_you_mean(near) if near else "a command is written `name:`, before its own options"
    yield Wrong(word, f"{word!r} is no command of the script, which has {', '.join(known.commands)}", hint, "key")


def _is_bare(known: ClickCommand, flag: str) -> bool:
    return any(flag in _spellings(one) and _is_flag(one) for one in known.parameters)


def _refusals(known: ClickCommand, given: Words) -> Iterator[Wrong]:
    """Each entry that click refuses; it is left out of the next try."""
    command = _command(known)
    if command is None or any(word in _ENDS for word in given):
        return
    for _ in range(_MOST):
        try:
            command.make_context("script", words_of(given))
        except click.UsageError as error:
            wrong = _explained(known, given, error)
        except (click.exceptions.Exit, click.Abort, ValueError, TypeError):
            return
        else:
            return
        if wrong is None:
            return
        if not is_known_to_tasks_alone(given, wrong.flag):
            yield wrong
        if not wrong.flag:
            return
        given = {flag: values for flag, values in given.items() if flag != wrong.flag}


def _command(known: ClickCommand) -> click.Command | None:
    """None where this click does not build it."""
    try:
        parameters = [_parameter(one) for one in known.parameters]
        return click.Command("script", params=parameters, add_help_option=False)
    except (TypeError, ValueError, AttributeError):
        return None


def _parameter(one: ClickParameter) -> click.Parameter:
    settings = dict(one.keywords)
    if one.choices:
        settings["type"] = click.Choice(one.choices)
    elif one.type is not None:
        settings["type"] = _TYPES.get(one.type, click.UNPROCESSED)
    if settings.get("is_flag") or settings.get("count"):
        settings.pop("type", None)
    return click.Argument(one.names, **settings) if one.is_argument else click.Option(one.names, **settings)


def _explained(known: ClickCommand, given: Words, error: click.UsageError) -> Wrong | None:
    """The entry that click's error speaks of. None where that cannot be told."""
    if isinstance(error, click.NoSuchOption):
        return _not_known(known, given, error.option_name)
    if isinstance(error, click.MissingParameter):
        return _missing(known, given, error)
    names = {error.option_name} if isinstance(error, click.BadOptionUsage) else set[str]()
    if isinstance(error, click.BadParameter) and error.param is not None:
        names = {*error.param.opts, *error.param.secondary_opts}
    if not names:
        return _left_over(known, given)
    entry = next((flag for flag in given if flag.partition("=")[0] in names), None)
    parameter = next((one for one in known.parameters if names & {*_spellings(one)}), None)
    if entry is None or parameter is None:
        return None
    if "=" in entry and _is_flag(parameter):
        return _bare(known, parameter, entry, entry.partition("=")[2], "key")
    hint = f"the script's own words are at {known.module}:{parameter.line}"
    value = (*given[entry], entry.partition("=")[2])[0]
    if near := nearest(value, parameter.choices):
        hint = did_you_mean(near)
    return Wrong(entry, f"{entry}: {error.message.rstrip('.')}", hint)


def _not_known(known: ClickCommand, given: Words, name: str) -> Wrong | None:
    written = {flag: flag.partition("=")[0] for flag in given}
    exact = [flag for flag, word in written.items() if word == name]
    entry = next(iter([*exact, *(flag for flag, word in written.items() if word.startswith(name))]), None)
    if entry is None:
        return None
    names = [each for one in known.parameters if not one.is_argument for each in _spellings(one)]
    near = nearest(name, names)
    hint = did_you_mean(near) if near else f"it knows {', '.join(names) or 'none'}"
    return Wrong(entry, f"the script's {known.library} command ({known.module}) knows no {name}", hint, "key")


def _missing(known: ClickCommand, given: Words, error: click.MissingParameter) -> Wrong | None:
    names = {*error.param.opts} if error.param is not None else set[str]()
    parameter = next((one for one in known.parameters if names & {*_spellings(one)}), None)
    if parameter is None or any(not flag.startswith("-") for flag in given):
        return None  # a word that was refused may have been meant for it
    flag = parameter.names[-1].partition("/")[0]
    hint = "an argument is written `value:`" if parameter.is_argument else f"write `{flag}: …` in script_params"
    return Wrong("", f"the script's {known.library} command requires {flag} ({known.module}:{parameter.line})", hint)


def _left_over(known: ClickCommand, given: Words) -> Wrong | None:
    """The first entry with a word that nothing takes."""
    for flag, values in given.items():
        parameter = next((one for one in known.parameters if flag in _spellings(one)), None)
        if parameter is not None and values and _is_flag(parameter):
            return _bare(known, parameter, flag, values[0], "value")
        if parameter is not None and len(values) > 1 and parameter.keywords.get("nargs", 1) != len(values):
            message = f"{flag} takes fewer values: {values[1]!r} is left over"
            return Wrong(flag, message, f"see {known.module}:{parameter.line}")
    return None


def _bare(known: ClickCommand, parameter: ClickParameter, entry: str, value: str, at: str) -> Wrong:
    """A flag that takes no value and was given one."""
    name = entry.partition("=")[0]
    message = f"{name} takes no value ({known.module}:{parameter.line}), and {value!r} was given"
    hint = f"write `{name}:` alone"
    if OFF.fullmatch(value):
        other = next((each for each in _spellings(parameter) if each != name and each.startswith("--")), None)
        hint = f"write `{other}:`" if other and _has_contrary(parameter) else "leave the flag out"
    return Wrong(entry, message, hint, at)


def _spellings(one: ClickParameter) -> list[str]:
    """Each way to write it: "--on/--off" are two. Of an option a name without dashes is its variable's."""
    parts = [part.strip() for name in one.names for part in name.split("/" if name.startswith("-") else ";")]
    return parts if one.is_argument else [part for part in parts if part.startswith("-")]


def _has_contrary(one: ClickParameter) -> bool:
    return any("/" in name for name in one.names if name.startswith("-"))


def _is_flag(one: ClickParameter) -> bool:
    told = one.keywords.get("is_flag")
    return bool(
        one.keywords.get("count") or told or (told is None and (_has_contrary(one) or "flag_value" in one.keywords))
    )


RULES: tuple[Rule, ...] = (arguments_of_click,)
