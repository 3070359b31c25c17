"""Rules on limits.max_cost_usd: a price for everything that is billed by time, and enough left to train."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.compiler.cost import burn_of, dearest_lines, price_lines, unknown_prices
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import KnownPrices
from tfinfra.compiler.rules.keys import LONGEST
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.model import Limits, Plan, Target
from tfinfra.money import budget
from tfinfra.text.wording import spell_seconds

_PATH = ("limits", "max_cost_usd")


def max_cost(facts: Facts) -> Iterator[Diagnostic]:
    """A cap that ends nothing, that cannot be kept, or that leaves too little time to train. In a rehearsal nothing is
    charged: what Azure would be refused for is a warning there."""
    document, plan, target = facts.document, facts.plan, facts.chosen.target
    if plan is None or target is None or plan.limits.max_cost_usd is None:
        return
    if max(plan.limits.max_run_duration, plan.limits.keep_outputs) > LONGEST:
        return  # refused by another rule: no time to calculate with
    if target.cloud == "local":
        message = "the local cloud costs nothing: max_cost_usd ends nothing here"
        yield error_at(document, "TFI632", _PATH, message, severity=Severity.NOTICE)
        return
    severity, prices = Severity.WARNING if facts.project.rehearse else Severity.ERROR, facts.project.prices()
    yield from prices.diagnostics
    lines = dearest_lines(plan, target, prices.book)
    if unknown_prices(lines):
        message = f"max_cost_usd cannot be kept: {_without_a_price(plan, target, prices)}"
        hint = "`tfinfra catalog refresh` asks Azure for its prices; the shipped ones are complete for eastus"
        yield error_at(document, "TFI631", _PATH, message, hint, severity=severity)
        return
    burn = burn_of(lines)
    seconds, needed = budget.affordable_seconds(plan.limits, burn), budget.needed_seconds(plan.limits)
    if seconds < needed:
        time = spell_seconds(seconds) if seconds >= 1 else "no time"
        held = _held_back(plan.limits, burn, plan.limits.max_cost_usd)
        message = f"max_cost_usd leaves {time} at {burn.total:.2f} USD an hour: {held}"
        hint = f"at least {budget.least_cap(plan.limits, burn):.2f} for {spell_seconds(needed)} of booting and training"
        if burn.keep * plan.limits.keep_outputs > burn.total * budget.DELETION_SECONDS:
            hint += ", or a shorter keep_outputs"
        yield error_at(document, "TFI630", _PATH, message, hint, severity=severity)


def _without_a_price(plan: Plan, target: Target, prices: KnownPrices) -> str:
    """The locations that lack a price, and all that has none in one of them."""
    locations: dict[str, None] = {}
    items: dict[str, None] = {}
    for choice, made in enumerate(plan.choices):
        unknown = unknown_prices(price_lines(plan, target, prices.book, choice))
        items.update(dict.fromkeys(unknown))
        locations.update({made.location: None} if unknown else {})
    return f"no price is known in {' or '.join(locations)} of {', '.join(items)}"


def _held_back(limits: Limits, burn: budget.Burn, cap: float) -> str:
    """What of the cap is not for training, in numbers."""
    deletion = burn.total * budget.DELETION_SECONDS / 3600
    parts = [f"{cap * budget.FOR_USAGE:.2f} for bytes and calls", f"{deletion:.2f} for the deletion"]
    seconds = budget.kept_seconds(limits)
    kept = burn.keep * seconds / 3600
    if kept >= 0.005:
        parts.append(f"{kept:.2f} for outputs kept {spell_seconds(seconds)}")
    return f"of {cap:.2f}, held back are {', '.join(parts)}"


RULES: tuple[Rule, ...] = (max_cost,)
