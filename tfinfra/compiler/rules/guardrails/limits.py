"""Guardrails on how much: nodes, time and money."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.compiler.cost import burn_of, dearest_lines, unknown_prices
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.guardrail_lines import breach, target_path
from tfinfra.compiler.search import all_nodes, nodes_in_words, nodes_path
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import KeyPath
from tfinfra.manifest.tuning.keys import TuneKeys
from tfinfra.text.wording import first_few, spell_seconds

_MOST = 3


def more_nodes(facts: Facts) -> Iterator[Diagnostic]:
    """More nodes than are allowed, on any cloud."""
    nodes = all_nodes(facts.manifest)
    for file in facts.project.guardrails.files:
        most = file.allow.max_nodes
        if most is not None and nodes > most and facts.manifest.sound("node_count", "tune"):
            held = file.at("allow", "max_nodes")
            what, path = nodes_in_words(facts.manifest), nodes_path(facts.manifest)
            yield breach(facts, "TFI446", path, held, what=what, hint=f"at most {most:,}")


def longer_runs(facts: Facts) -> Iterator[Diagnostic]:
    """A longer run than is allowed, on any cloud; the default of max_run_duration counts too."""
    manifest = facts.manifest
    if manifest.tune is not None:
        yield from _longer_tunes(facts, manifest.tune)
        return
    if not manifest.sound("limits", "max_run_duration_seconds"):
        return
    path: KeyPath = ("limits", "max_run_duration")
    path = ("max_run_duration_seconds",) if manifest.max_run_duration_seconds else path
    written = facts.document.value(path) is not None or path in facts.document.texts
    for file in facts.project.guardrails.files:
        most = file.allow.max_run_duration
        if most is not None and manifest.max_run_duration > most:
            default = "" if written else " by default"
            what = f"max_run_duration is {spell_seconds(manifest.max_run_duration)}{default}"
            held = file.at("allow", "max_run_duration")
            yield breach(
                facts, "TFI447", path, held, what=what, hint=f"write limits: {{max_run_duration: {held.value}}} or less"
            )


def _longer_tunes(facts: Facts, given: TuneKeys) -> Iterator[Diagnostic]:
    """The time of a tune takes the place of max_run_duration, which is each trial's."""
    path, seconds = ("tune", "max_duration_minutes"), given.max_duration_minutes * 60
    if not facts.manifest.sound("tune"):
        return
    default = "" if path in facts.document.texts else " by default"
    for file in facts.project.guardrails.files:
        most = file.allow.max_run_duration
        if most is not None and seconds > most:
            what = f"max_duration_minutes is {given.max_duration_minutes:,}{default}: {spell_seconds(seconds)}"
            hint = f"write max_duration_minutes: {most // 60} or less"
            yield breach(facts, "TFI447", path, file.at("allow", "max_run_duration"), what=what, hint=hint)


def dearer_runs(facts: Facts) -> Iterator[Diagnostic]:
    """A larger cap than is allowed, or none: a run without one may cost any amount."""
    manifest, keys, path = facts.manifest, facts.chosen.keys, ("limits", "max_cost_usd")
    if not manifest.sound("limits"):
        return
    cap, is_bought = manifest.limits.max_cost_usd, keys is not None and keys.cloud != "local"
    for file in facts.project.guardrails.files:
        most = file.allow.max_cost_usd
        if most is None or (cap is None and not is_bought) or (cap is not None and cap <= most):
            continue
        what = "limits has no max_cost_usd" if cap is None else f"max_cost_usd is {cap:,.2f}"
        held, hint = file.at("allow", "max_cost_usd"), f"write limits: {{max_cost_usd: {most:g}}} or less"
        yield breach(facts, "TFI448", path, held, what=what, hint=hint)


def dearer_hours(facts: Facts) -> Iterator[Diagnostic]:
    """A run that alone costs more an hour than all runs together may, or whose price nobody knows."""
    plan, target = facts.plan, facts.chosen.target
    files = [file for file in facts.project.guardrails.files if file.allow.max_usd_per_hour is not None]
    if not files or plan is None or target is None or target.cloud == "local":
        return
    lines = dearest_lines(plan, target, facts.project.prices().book)
    unknown, price = unknown_prices(lines), burn_of(lines).total
    for file in files:
        held = file.at("allow", "max_usd_per_hour")
        if unknown:
            what = f"no price is known of {first_few(unknown, _MOST)}"
            hint = "`tfinfra catalog refresh` asks Azure for its prices"
        elif price > (file.allow.max_usd_per_hour or 0):
            what, hint = f"the run costs {price:,.2f} USD an hour at list price", "take fewer nodes or a smaller size"
        else:
            continue
        yield breach(facts, "TFI454", target_path(facts, "vm_size"), held, what=what, hint=hint)


RULES: tuple[Rule, ...] = (more_nodes, longer_runs, dearer_runs, dearer_hours)
