"""The price and the limits in `tfinfra plan`: per hour, up to the limits, and what no limit holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tfinfra.cli.tables import Bold

if TYPE_CHECKING:
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.compiler.summary.priced import Priced
    from tfinfra.model import PriceLine


def alternative_prices(compiled: Compiled) -> list[float | None]:
    """US dollars an hour of each of the plan's alternatives, in their order; None where a price is not known."""
    from tfinfra.compiler.cost import price_lines, total

    plan, target, book = compiled.plan, compiled.spec.target, compiled.prices().book
    return [total(price_lines(plan, target, book, choice)) for choice in range(1, len(plan.choices))]


def alternative_lines(compiled: Compiled) -> Iterator[str]:
    """What is tried where there is no capacity, with the price of all that is billed by the hour."""
    if compiled.plan.alternatives:
        yield Bold("\nalternatives, in this order, where there is no capacity (all that is billed by the hour)")
    for made, usd in zip(compiled.plan.alternatives, alternative_prices(compiled), strict=True):
        price = f"{usd:10.3f}" if usd is not None else "   unknown"
        yield f"  {price}  {made.node_count} x {made.vm_size} in {made.location}"


def price_document(price: Priced) -> dict[str, Any]:
    """US dollars at list price: `prices` is billed by time, with `usd_up_to_limits` for each; `usd_at_most` is all of
    them up to the limits, `usd_most` the same at the dearest alternative with the time that deletion may take; null
    where a price is unknown. `not_capped` is billed by bytes and calls; `expected` is all but the training."""
    from tfinfra.catalog.prices import usage_rates
    from tfinfra.compiler.cost import total
    from tfinfra.model import to_json

    hourly = total(price.lines)
    most = [_up_to_limits(price, line) for line in price.lines]
    return {
        "prices_of": price.date,
        "prices": [{**to_json(line), "usd_up_to_limits": usd} for line, usd in zip(price.lines, most, strict=True)],
        "usd_per_hour": hourly,
        "usd_at_most": None if hourly is None else round(sum(usd or 0.0 for usd in most), 2),
        "usd_most": price.most,
        "expected": to_json(price.expected),
        "not_capped": usage_rates([line.item for line in price.lines]),
        "max_cost_usd": price.limits.max_cost_usd,
        "run_seconds": price.seconds,
        "limit": price.limit,
    }


def price_lines(price: Priced) -> Iterator[str]:
    """The price for a person."""
    from tfinfra.catalog.prices import usage_rates
    from tfinfra.compiler.cost import unknown_prices
    from tfinfra.compiler.summary.priced import expected_text
    from tfinfra.money.budget import FOR_USAGE

    yield Bold(f"\nprice (US dollars, list prices in {price.location} of {price.date})")
    yield "     an hour  up to the limits"
    for line in price.lines:
        kept = ", as long as the outputs are kept" if line.part == "keep" else ""
        what = f"{line.quantity} x {line.item}{kept}"
        yield f"  {_usd(line.usd_per_hour, 3)}{_usd(_up_to_limits(price, line), 2):>14}  {what}"
    unknown = unknown_prices(price.lines)
    hourly = sum(line.usd_per_hour or 0.0 for line in price.lines)
    most = sum(_up_to_limits(price, line) or 0.0 for line in price.lines)
    yield Bold(f"  {_usd(hourly, 3)}{_usd(most, 2):>14}  in all" + (", and what is unknown" if unknown else ""))
    if unknown:
        yield f"  unknown: {', '.join(unknown)}; `tfinfra catalog refresh` asks Azure"
    yield Bold(f"  {expected_text(price)}")
    cap = price.limits.max_cost_usd
    held = f" (limits.max_cost_usd holds {cap * FOR_USAGE:.2f} back for it)" if cap is not None else ""
    yield f"  not capped by any limit of time{held}:"
    for rate in usage_rates([line.item for line in price.lines]):
        yield f"  {rate.usd:10.4f}  a {rate.per}: {rate.item}"
    if price.local:
        yield "  on the local cloud nothing is charged: this is what the same would cost on Azure"


def _usd(price: float | None, digits: int) -> str:
    return f"{price:10.{digits}f}" if price is not None else "   unknown"


def _up_to_limits(price: Priced, line: PriceLine) -> float | None:
    """What a line costs if the run lasts until its deadline, and its outputs stay as long as they may."""
    if line.usd_per_hour is None:
        return None
    kept = price.limits.keep_outputs if line.part == "keep" else 0
    return round(line.usd_per_hour * (price.seconds + kept) / 3600, 4)


def limit_lines(price: Priced, hold: int) -> Iterator[str]:
    """When what is deleted, and which limit says so; `hold` is on_failure's, in seconds."""
    from tfinfra.money.budget import FOR_USAGE, held_for_end
    from tfinfra.text.wording import spell_seconds

    limits, longest = price.limits, spell_seconds(price.seconds)
    yield f"  everything billed by the hour is deleted {longest} after the first write to the cloud"
    if price.limit == "max_cost_usd":
        cap = limits.max_cost_usd or 0.0
        end = f"{held_for_end(limits, price.burn):.2f} for the deletion and the kept outputs"
        held = f"{cap * FOR_USAGE:.2f} for bytes and calls and {end}"
        otherwise = f"{limits.duration_key} would be {spell_seconds(limits.max_run_duration)}"
        yield f"  that is what max_cost_usd of {cap:.2f} allows, less {held}; {otherwise}"
    elif limits.max_cost_usd is not None:
        yield f"  max_cost_usd of {limits.max_cost_usd:.2f} is not reached before that"
    yield f"  outputs stay {spell_seconds(limits.keep_outputs)} longer"
    if hold:
        yield f"  after a failure the nodes are held for {spell_seconds(hold)}, never past the deadline"
