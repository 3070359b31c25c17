"""`false` that a script takes for true."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.wrong_entries import OFF, entry_path
from tfinfra.compiler.search import command_lines
from tfinfra.compiler.source.command_line.absl_flags import read_absl
from tfinfra.compiler.source.command_line.argparse_parser import read_arguments
from tfinfra.compiler.source.command_line.fire_function import read_fire
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at

_READ_BY_FIRE = ("0", "False", "None")
"""What Fire reads as Python does."""


def values_that_mean_the_contrary(facts: Facts) -> Iterator[Diagnostic]:
    """With argparse's type=bool every text is true, absl's flags leave a word that stands behind a boolean one alone,
    and Fire takes what is no Python for a text, which is true."""
    manifest, source = facts.manifest, facts.project.source
    given = ((flag, values) for line in command_lines(manifest) for flag, values in line.items())
    off = {flag: values[0] for flag, values in given if values and OFF.fullmatch(values[0])}
    if not off:
        return
    parser = read_arguments(source.modules, source.reach)
    absl = read_absl(source.modules, source.reach)
    fire = read_fire(source.modules, source.reach)
    for flag, value in off.items():
        name = flag.lstrip("-")
        at = (
            next((one.line for one in parser.arguments if one.type == "bool" and flag in one.names), 0) if parser else 0
        )
        boolean = absl.flags.get(name) if absl and flag.startswith("-") else None
        default = fire.defaults.get(name.replace("-", "_"), ()) if fire and flag.startswith("-") else ()
        if parser and at:
            why = f"{parser.module}:{at} has type=bool, for which every text is true"
            hint = "leave the flag out, or have the script compare the text"
        elif boolean and boolean.kind == "bool":
            why = f"{boolean.module}:{boolean.line} defines a boolean flag of absl, which takes no word behind it"
            hint = f"write `--no{name}:`"
        elif fire and isinstance(next(iter(default), None), bool) and value not in _READ_BY_FIRE:
            why = f"Fire gives {fire.name}() ({fire.module}:{fire.line}) the text, which is not empty"
            hint = f"write `{flag}: 'False'`"
        else:
            continue
        message = f"{flag} is true with {value!r}: {why}"
        yield error_at(facts.document, "TFI514", entry_path(manifest, flag), message, hint, severity=Severity.WARNING)


RULES: tuple[Rule, ...] = (values_that_mean_the_contrary,)
