"""script_params against a script that takes its configuration by Hydra: what is no flag of Hydra's own is an override,
`key=value`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.wrong_entries import Words, Wrong, refused
from tfinfra.compiler.source.command_line.hydra_main import HydraMain, read_hydra
from tfinfra.errors import Diagnostic

_WITHOUT_VALUE = {
    "--help": "-h",
    "--hydra-help": "",
    "--version": "",
    "--resolve": "",
    "--run": "-r",
    "--multirun": "-m",
    "--shell-completion": "-sc",
}
_WITH_VALUE = {
    "--cfg": "-c",
    "--package": "-p",
    "--config-path": "-cp",
    "--config-name": "-cn",
    "--config-dir": "-cd",
    "--experimental-rerun": "",
    "--info": "-i",
}
"""{a flag of Hydra's own: its short form}. Source: hydra 1.3, hydra/_internal/utils.py, get_args_parser."""
_PLAIN = re.compile(r"[\w./+~@-]+=[\w./+-]+")
"""An override that YAML takes for a text without quotes."""


def arguments_of_hydra(facts: Facts) -> Iterator[Diagnostic]:
    """What Hydra would refuse when the script starts, on every node."""
    manifest, source = facts.manifest, facts.project.source
    if not manifest.sound("entry_script") or not manifest.sound("script_params"):
        return
    known = read_hydra(source.modules, source.reach)
    if known is not None and not source.names("hydra", "argv"):
        yield from refused(facts, partial(_wrongs, known))


def _wrongs(known: HydraMain, given: Words) -> Iterator[Wrong]:
    place = f"{known.module}:{known.line}"
    for entry, values in given.items():
        name = entry.partition("=")[0]
        if _is_one_of(name, _WITH_VALUE) and not _is_one_of(name, _WITHOUT_VALUE):
            left = values[1:]
        elif _is_one_of(name, _WITHOUT_VALUE):
            left = values
        elif entry.startswith("-"):
            message = f"{name} is no flag of Hydra's, which reads this script's command line ({place})"
            yield Wrong(entry, message, _as_override(entry, values), "key")
            continue
        elif "=" not in entry and not entry.startswith("~"):
            message = f"Hydra ({place}) takes overrides, `key=value`, and '{entry}' has no '='"
            yield Wrong(entry, message, _as_override(entry, values), "key")
            continue
        else:
            left = values
        if extra := next((value for value in left if "=" not in value and not value.startswith("~")), None):
            message = f"{entry}: Hydra ({place}) takes {extra!r} for an override of its own, and it has no '='"
            yield Wrong(entry, message, f"write `{entry}:` alone" if entry.startswith("-") else "a list is `key=[a,b]`")


def _is_one_of(name: str, flags: dict[str, str]) -> bool:
    """Whether argparse takes `name` for one of the flags: written out, short for it, or its short form."""
    if name in flags or (name in flags.values() and name):
        return True
    return name.startswith("--") and len(name) > 2 and any(flag.startswith(name) for flag in flags)


def _as_override(entry: str, values: tuple[str, ...]) -> str:
    key, _, value = entry.lstrip("-").partition("=")
    value = value or (values[0] if len(values) == 1 else f"[{','.join(values)}]" if values else "true")
    override = f"{key}={value}"
    return f"write `{override}:`" if _PLAIN.fullmatch(override) else f"write `'{override}':`"


RULES: tuple[Rule, ...] = (arguments_of_hydra,)
