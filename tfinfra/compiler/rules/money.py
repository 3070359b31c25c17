"""Rules on limits.max_cost_usd: a price for everything that is billed by time, and enough left to train."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfinfra.compiler.cost import burn_of, dearest_lines, price_lines, unknown_prices
from tfinfra.compiler.facts import Facts
from tfinfra.compiler.project import KnownPrices
from tfinfra.compiler.rules.keys import LONGEST
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.manifest import Manifest
from tfinfra.model import Limits, Plan, PriceLine, Target
from tfinfra.money import budget
from tfinfra.system.clock import spell_seconds

_PATH = ("limits", "max_cost_usd")


def money_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules, for a plan that has a cap. In a rehearsal nothing is charged: what Azure would be
    refused for is a warning there."""
    manifest, plan, target = facts.manifest, facts.plan, facts.chosen.target
    if plan is None or target is None or manifest.limits.max_cost_usd is None:
        return
    if max(plan.limits.max_run_duration, plan.limits.keep_outputs) > LONGEST:
        return  # what is refused is not reckoned with
    if target.cloud == "local":
        message = "the local cloud costs nothing: max_cost_usd ends nothing here"
        yield error_at(manifest.document, "TFI632", _PATH, message, severity=Severity.NOTICE)
        return
    severity, prices = Severity.WARNING if facts.project.rehearse else Severity.ERROR, facts.project.prices()
    yield from prices.diagnostics
    lines = dearest_lines(plan, target, prices.book)
    if unknown_prices(lines):
        yield _unknown(manifest, target, plan, prices, severity)
    else:
        yield from _useless(manifest, plan.limits, lines, severity)


def _unknown(manifest: Manifest, target: Target, plan: Plan, prices: KnownPrices, severity: Severity) -> Diagnostic:
    """The locations that lack a price, and all that has none in one of them."""
    places: dict[str, None] = {}
    items: dict[str, None] = {}
    for choice, made in enumerate(plan.choices):
        unknown = unknown_prices(price_lines(plan, target, prices.book, choice))
        items.update(dict.fromkeys(unknown))
        places.update({made.location: None} if unknown else {})
    where = " or ".join(places)
    message = f"max_cost_usd cannot be kept: no price is known in {where} of {', '.join(items)}"
    hint = "`tfinfra catalog refresh` asks Azure for its prices; the shipped ones are whole for eastus"
    return error_at(manifest.document, "TFI631", _PATH, message, hint, severity=severity)


def _useless(
    manifest: Manifest, limits: Limits, lines: Sequence[PriceLine], severity: Severity
) -> Iterator[Diagnostic]:
    burn, cap = burn_of(lines), limits.max_cost_usd
    seconds = budget.affordable_seconds(limits, burn)
    if cap is None or seconds >= budget.needed_seconds(limits):
        return
    message = f"max_cost_usd leaves {_time(seconds)} at {burn.total:.2f} USD an hour: {_sum(limits, burn, cap)}"
    least = f"at least {budget.least_cap(limits, burn):.2f}"
    hint = f"{least} for {_time(budget.needed_seconds(limits))} of booting and training" + _less(limits, burn)
    yield error_at(manifest.document, "TFI630", _PATH, message, hint, severity=severity)


def _sum(limits: Limits, burn: budget.Burn, cap: float) -> str:
    """How the time came about, in numbers."""
    deletion = burn.total * budget.DELETION_SECONDS / 3600
    parts = [f"{cap * budget.FOR_USAGE:.2f} for bytes and calls", f"{deletion:.2f} for the deletion"]
    seconds = budget.kept_seconds(limits)
    kept = burn.keep * seconds / 3600
    if kept >= 0.005:
        parts.append(f"{kept:.2f} for outputs kept {spell_seconds(seconds)}")
    return f"of {cap:.2f}, held back are {', '.join(parts)}"


def _less(limits: Limits, burn: budget.Burn) -> str:
    kept = burn.keep * limits.keep_outputs / 3600
    return ", or a shorter keep_outputs" if kept > burn.total * budget.DELETION_SECONDS / 3600 else ""


def _time(seconds: float) -> str:
    return spell_seconds(seconds) if seconds >= 1 else "no time"
