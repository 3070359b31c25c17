"""script_params against the function that the script gives to Fire: a flag that it has no parameter for is refused, but
only once the function, which trains, has returned."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.wrong_entries import Words, Wrong, refused
from tfinfra.compiler.source.command_line.fire_function import FireFunction, read_fire
from tfinfra.errors import Diagnostic
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest


def arguments_of_fire(facts: Facts) -> Iterator[Diagnostic]:
    """Flags that no parameter is called like."""
    manifest, source = facts.manifest, facts.project.source
    if not manifest.sound("entry_script") or not manifest.sound("script_params"):
        return
    known = read_fire(source.modules, source.reach)
    if known is not None and known.strict and not source.names("argv"):
        yield from refused(facts, partial(_not_known, known))


def _not_known(known: FireFunction, given: Words) -> Iterator[Wrong]:
    for entry, values in given.items():
        if entry == "--":  # what follows is for Fire itself
            return
        name = entry.lstrip("-").partition("=")[0].replace("-", "_")
        negated = name.startswith("no") and name[2:] in known.defaults and not values
        short = len(name) == 1 and any(one.startswith(name) for one in known.defaults)
        if not entry.startswith("-") or name in known.defaults or negated or short:
            continue
        names = [f"--{one}" for one in known.defaults]
        near = nearest(f"--{name}", names)
        message = (
            f"{known.name}() has no parameter {name} ({known.module}:{known.line}): Fire fails when it has returned"
        )
        yield Wrong(entry, message, did_you_mean(near) if near else f"it has {', '.join(names) or 'none'}", "key")


RULES: tuple[Rule, ...] = (arguments_of_fire,)
