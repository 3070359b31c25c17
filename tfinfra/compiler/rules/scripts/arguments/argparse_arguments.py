"""script_params against the command line that the script's own parser takes: the parser is built again from what the
script says of it, and asked."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.source.command_line.argparse_parser import Argument, Arguments, read_arguments
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.model.script_variables import expanded

_NO_VALUE = ("store_true", "store_false", "store_const", "append_const", "count", "optional")
_MISSING = re.compile(r"the following arguments are required: (.*)|one of the arguments (.*) is required")
_MOST = 50
_MOST_WORDS = 10_000


OFF = re.compile(r"false|no|off|0|none", re.IGNORECASE)
"""What people write for "not"."""
Words = Mapping[str, tuple[str, ...]]
"""script_params: each flag with its values."""


@dataclass(frozen=True)
class Wrong:
    """What is wrong with one entry of script_params; no `flag` where something is missing there."""

    flag: str
    message: str
    hint: str
    at: str = "value"


def refused(facts: Facts, wrongs: Iterable[Wrong]) -> Iterator[Diagnostic]:
    """An error for each, at its entry."""
    manifest = facts.manifest
    for wrong in wrongs:
        path: KeyPath = ("script_params", wrong.flag) if wrong.flag else manifest.path("script_params")
        if not wrong.flag and "script_params" not in manifest.given:
            path = manifest.path("entry_script")
        yield error_at(facts.document, "TFI511", path, wrong.message, wrong.hint, at=wrong.at)


def words_of(given: Words) -> list[str]:
    """The command line; each of tfinfra's variables in it has some value."""
    return [expanded(word, _Anything()) for flag, values in given.items() for word in (flag, *values)]


def is_known_to_tasks_alone(given: Words, flag: str) -> bool:
    """Whether an entry holds one of tfinfra's variables: its value may be refused here, and fine in a task."""
    return "${" in f"{flag} {' '.join(given.get(flag, ()))}"


class _Anything(dict[str, str]):
    """A value for each of tfinfra's variables."""

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ARG002
        return "0" if "SHARD" in key else "/x"


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
        yield from refused(facts, _refusals(found, dict(manifest.script_params), wrong_flags))


def _refusals(known: Arguments, given: Words, left_out: Iterable[str]) -> Iterator[Wrong]:
    """Each entry that the parser refuses; those that are refused are left out of the next try, as those are that
    cannot be read."""
    refused_before = [flag.partition("=")[0] for flag in left_out]
    for _ in range(_MOST):
        try:
            parser = _parser(known)
            _, unknown = parser.parse_known_args(words_of(given))
        except _Refused as refused:
            wrong = _explained(known, given, str(refused))
        except (_Ended, argparse.ArgumentError, ValueError, TypeError, KeyError, AttributeError):
            return  # a parser that this argparse does not build is not judged
        else:
            if not unknown or not (known.whole and known.strict):
                return
            wrong = _not_known(known, given, unknown)
        if wrong is None or (not wrong.flag and _lacks_what_was_left_out(wrong, refused_before)):
            return
        if not is_known_to_tasks_alone(given, wrong.flag):
            yield wrong
        if not wrong.flag:
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
    groups: dict[int, Any] = {
        number: parser.add_mutually_exclusive_group(required=required and known.whole)
        for number, required in known.exclusive.items()
    }
    for one in known.arguments:
        if known.whole or one.names[0].startswith("-"):  # a word behind a flag that is not known may be its value
            groups.get(one.group, parser).add_argument(*one.names, **_keywords(one))
    return parser


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
        names = (missing[1] or missing[2]).split(", " if missing[1] else " ")
        flag = names[0].split("/")[0]
        first = next((one for one in known.arguments if flag in (*one.names, one.keywords.get("dest"))), None)
        where = f" ({known.module}:{first.line})" if first else ""
        hint = (
            f"write `{flag}: …` in script_params"
            if flag.startswith("-")
            else "a positional argument is written `value:`"
        )
        return Wrong("", f"the script's parser requires {missing[1] or missing[2]}{where}", hint)
    about = re.match(r"argument ([^:]+): (.*)", refused, re.DOTALL)
    ambiguous = re.match(r"ambiguous option: (\S+) could match (.*)", refused)
    if ambiguous:
        entry = next((flag for flag in given if flag.split("=")[0] == ambiguous[1].split("=")[0]), None)
        return Wrong(entry, f"{ambiguous[1]} may be {ambiguous[2]}", "write the whole name", "key") if entry else None
    if about is None:
        return None
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
