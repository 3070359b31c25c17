"""script_params against the command line that the script's own parser takes: the parser is built again from what the
script says of it, and asked."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NoReturn

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.wrong_entries import (
    OFF,
    Words,
    Wrong,
    is_known_to_tasks_alone,
    refused,
    words_of,
)
from tfinfra.compiler.source.command_line.argparse_parser import Argument, Arguments, read_arguments
from tfinfra.errors import Diagnostic
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

_NO_VALUE = ("store_true", "store_false", "store_const", "append_const", "count", "optional")
_MISSING = re.compile(r"the following arguments are required: (.*)|one of the arguments (.*) is required")
_MOST = 50
_MOST_WORDS = 10_000


class _Refused(Exception):
    """The parser's complaint."""


class _Ended(Exception):
    """The parser has printed its help or version, and would end the script."""


class _Quiet(argparse.ArgumentParser):
    """Prints nothing and ends nothing."""

    def error(self, message: str) -> NoReturn:
        raise _Refused(message)

    def exit(self, *_: object, **__: object) -> NoReturn:
        raise _Ended

    def print_help(self, file: object = None) -> None:
        """Nobody reads it."""


def arguments_of_the_script(facts: Facts) -> Iterator[Diagnostic]:
    """What argparse would refuse when the script starts, on every node."""
    manifest, source = facts.manifest, facts.project.source
    wrong_flags = manifest.wrong_items("script_params")
    if not manifest.sound("entry_script") or not (wrong_flags or manifest.sound("script_params")):
        return
    if (found := read_arguments(source.modules, source.reach)) and not source.names("add_argument", "argv"):
        yield from refused(facts, lambda given: _refusals(found, given, wrong_flags))


def _refusals(known: Arguments, given: Words, left_out: Iterable[str]) -> Iterator[Wrong]:
    """Each entry that the parser refuses; those that are refused are left out of the next try, as those are that
    cannot be read."""
    refused_before = [flag.partition("=")[0] for flag in left_out]
    for _ in range(_MOST):
        try:
            parser = _parser(known)
            _, unknown = parser.parse_known_args(words_of(given))
        except _Refused as refused:
            wrong = _explained(_of_command(known, given), given, str(refused))
        except (_Ended, argparse.ArgumentError, ValueError, TypeError, KeyError, AttributeError):
            return  # a parser that this argparse does not build is not judged
        else:
            if not unknown or not (known.whole and known.strict):
                return
            wrong = _not_known(_of_command(known, given), given, unknown)
        if wrong is None or (not wrong.flag and _lacks_what_was_left_out(wrong, refused_before)):
            return
        if not is_known_to_tasks_alone(given, wrong.flag):
            yield wrong
        if not wrong.flag or (known.commands and wrong.flag == _command_word(given)):
            return
        given = {flag: values for flag, values in given.items() if flag != wrong.flag}
        refused_before.append(wrong.flag.partition("=")[0])


def _lacks_what_was_left_out(wrong: Wrong, flags: list[str]) -> bool:
    """Whether an argument is missing only because its entry was refused, and left out: `flags`, or short for one."""
    words = re.split(r"[ ,/]+", wrong.message)
    return any(word.startswith(flag) for word in words for flag in flags) or not all(f.startswith("-") for f in flags)


def _parser(known: Arguments) -> _Quiet:
    settings = {k: v for k, v in known.keywords.items() if k in ("prefix_chars", "allow_abbrev", "add_help")}
    if "fromfile_prefix_chars" in known.keywords:
        raise ValueError("arguments may come out of files")
    if any(isinstance(number := one.keywords.get("nargs"), int) and number > _MOST_WORDS for one in known.arguments):
        raise ValueError("argparse would make room for all of them")
    if not known.whole:
        settings["allow_abbrev"] = False  # what would be short for one may be the name of another
    parser = _Quiet(prog="script", **settings)
    parsers: dict[str, argparse.ArgumentParser] = {"": parser}
    if known.commands:
        commands = parser.add_subparsers(dest=known.commands.dest or "command", required=known.commands.required)
        for name, (spelling, *aliases) in known.commands.spellings.items():
            parsers[name] = commands.add_parser(spelling, aliases=aliases)
    groups: dict[int, Any] = {}
    for one in known.arguments:
        if known.whole or one.names[0].startswith("-"):  # a word behind a flag that is not known may be its value
            holder: Any = parsers[one.command]
            if one.group in known.exclusive:
                if one.group not in groups:
                    required = known.exclusive[one.group] and known.whole
                    groups[one.group] = holder.add_mutually_exclusive_group(required=required)
                holder = groups[one.group]
            holder.add_argument(*one.names, **_keywords(one))
    return parser


def _command_word(given: Words) -> str | None:
    """The first entry that is no flag: of a parser with commands, the command, if no flag's value stands before."""
    return next((flag for flag in given if not flag.startswith("-")), None)


def _spellings(known: Arguments) -> list[str]:
    """What the parser's commands are called, in their order."""
    return [name for spelt in known.commands.spellings.values() for name in spelt] if known.commands else []


def _of_command(known: Arguments, given: Words) -> Arguments:
    """The parser with the arguments alone that stand before the commands, and those of the command that is given."""
    spellings = known.commands.spellings if known.commands else {}
    chosen = next((name for name, spelt in spellings.items() if _command_word(given) in spelt), "")
    return replace(known, arguments=tuple(one for one in known.arguments if one.command in ("", chosen)))


def _keywords(one: Argument) -> dict[str, Any]:
    keywords: dict[str, Any] = dict(one.keywords)
    action = keywords.get("action")
    if action == "optional":
        keywords["action"] = argparse.BooleanOptionalAction
    elif action == "version":
        keywords["version"] = ""
    elif action in ("store_const", "append_const"):
        keywords["const"] = 1
    elif action in (None, "store", "append", "extend"):
        if one.type in ("int", "float"):
            keywords["type"] = {"int": int, "float": float}[one.type]
        if keywords.get("nargs") == "?":
            keywords["const"] = None
    if action is not None and action not in ("store", "append", "extend", "optional"):
        keywords = {k: v for k, v in keywords.items() if k in ("action", "dest", "const", "required", "version")}
    if action in ("help", "version", "count"):
        keywords.pop("required", None)
    return keywords


def _explained(known: Arguments, given: Words, refused: str) -> Wrong | None:
    """The entry that the parser's own words speak of. None where that cannot be told."""
    if missing := _MISSING.match(refused):
        return _missing(known, missing[1] or missing[2], (missing[1] or missing[2]).split(", " if missing[1] else " "))
    about = re.match(r"argument ([^:]+): (.*)", refused, re.DOTALL)
    if about is None:
        return _ambiguous(given, refused)
    if wrong := _no_command(known, given, about[2]):
        return wrong
    names = about[1].split("/")
    argument = next((one for one in known.arguments if {*names} & {*one.names}), None)
    entry = next((flag for flag in given if _means(known, flag, names)), None)
    if entry is None or argument is None:
        return None
    said = about[2]
    if said.startswith("ignored explicit argument"):
        return Wrong(entry, *_bare(argument, entry, [entry.partition("=")[2]], known.module), "key")
    hint = f"the script's own words are at {known.module}:{argument.line}"
    if said.startswith("expected") and any(value.startswith("-") for value in given[entry]):
        hint = f"a value that begins with '-' is written `{entry}={given[entry][0]}:`"
    elif choices := argument.keywords.get("choices"):
        value = (given[entry] or (entry.partition("=")[2],))[0]
        near = nearest(value, [str(one) for one in choices])
        hint = did_you_mean(near) if near else hint
        said = f"{value!r} is none of {', '.join(map(str, choices))}" if "invalid choice" in said else said
    return Wrong(entry, f"{entry}: {said}", hint)


def _ambiguous(given: Words, refused: str) -> Wrong | None:
    """What is short for several names."""
    found = re.match(r"ambiguous option: (\S+) could match (.*)", refused)
    short = found[1].split("=")[0] if found else ""
    entry = next((flag for flag in given if flag.split("=")[0] == short), None)
    return Wrong(entry, f"{found[1]} may be {found[2]}", "write the whole name", "key") if found and entry else None


def _missing(known: Arguments, said: str, names: list[str]) -> Wrong:
    """What is required and not given: `said` in argparse's words, `names` one by one."""
    flag = names[0].split("/")[0]
    if known.commands and flag == (known.commands.dest or "command"):
        hint = f"a command is written `{_spellings(known)[0]}:`, before its own arguments"
        return Wrong("", f"the script's parser requires a command: {', '.join(_spellings(known))}", hint)
    first = next((one for one in known.arguments if flag in (*one.names, one.keywords.get("dest"))), None)
    where = f" ({known.module}:{first.line})" if first else ""
    positional = "a positional argument is written `value:`"
    hint = f"write `{flag}: …` in script_params" if flag.startswith("-") else positional
    return Wrong("", f"the script's parser requires {said}{where}", hint)


def _no_command(known: Arguments, given: Words, said: str) -> Wrong | None:
    """A command that the parser does not have."""
    word, names = _command_word(given), _spellings(known)
    if not names or not word or not said.startswith("invalid choice") or word in names or repr(word) not in said:
        return None
    near = nearest(word, names)
    hint = did_you_mean(near) if near else "a command is written `name:`, before its own arguments"
    return Wrong(word, f"{word!r} is no command of the script's parser, which has {', '.join(names)}", hint, "key")


def _means(known: Arguments, flag: str, names: list[str]) -> bool:
    """Whether an entry's flag is one of `names`, or short for one."""
    written = flag.split("=", maxsplit=1)[0]
    if written in names:
        return True
    if any(written in one.names for one in known.arguments) or known.keywords.get("allow_abbrev") is False:
        return False
    short = any(len(name) == 2 and name.startswith("-") and written.startswith(name) for name in names)
    return short or (written.startswith("--") and any(name.startswith(written) for name in names))


def _not_known(known: Arguments, given: Words, unknown: list[str]) -> Wrong | None:
    """The first entry of which the parser leaves a word over."""
    for flag, values in given.items():
        written = flag.split("=")[0]
        argument = next((one for one in known.arguments if _means(known, flag, list(one.names))), None)
        if argument and argument.keywords.get("action") in _NO_VALUE and any(value in unknown for value in values):
            return Wrong(flag, *_bare(argument, flag, list(values), known.module))
        if argument is None and flag in unknown:
            names = sorted(name for one in known.arguments for name in one.names if name.startswith("-"))
            near = nearest(written, names)
            hint = did_you_mean(near) if near else f"it knows {', '.join(names) or 'none'}"
            return Wrong(flag, f"the script's parser ({known.module}) knows no {written}", hint, "key")
        if argument and flag in unknown and known.commands:
            word = _command_word(given)
            return Wrong(
                flag,
                f"{flag} stands behind the command {word!r}, which does not know it",
                f"write it before `{word}:`",
                "key",
            )
        if argument and any(value in unknown for value in values):
            left = next(value for value in values if value in unknown)
            return Wrong(
                flag, f"{flag} takes fewer values: {left!r} is left over", f"see {known.module}:{argument.line}"
            )
    return None


def _bare(argument: Argument, flag: str, values: list[str], module: str) -> tuple[str, str]:
    """The message and the way out for a flag that takes no value and was given one."""
    name, action = flag.split("=", maxsplit=1)[0], argument.keywords.get("action")
    message = f"{name} takes no value ({module}:{argument.line}), and {values[0]!r} was given"
    off = bool(values and OFF.fullmatch(values[0]))
    if action == "optional":
        return message, f"write `--no-{name[2:]}:`" if off else f"write `{name}:`"
    return message, "leave the flag out" if off else f"write `{name}:` alone"


RULES: tuple[Rule, ...] = (arguments_of_the_script,)
