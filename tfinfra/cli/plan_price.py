"""The price and the limits in `tfinfra plan`: per hour, up to the limits, and what no limit holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.model import PriceLine
    from tfinfra.money.budget import Burn


def price_document(compiled: Compiled, prices: Sequence[PriceLine]) -> dict[str, Any]:
    """US dollars at list price: `prices` is billed by time, with `usd_up_to_limits` for each; `usd_at_most` is all of
    them up to the limits, null where a price is unknown; `not_capped` is billed by bytes and calls."""
    from tfinfra.catalog.prices import usage_rates
    from tfinfra.compiler.cost import total
    from tfinfra.model import to_json
    from tfinfra.money.budget import run_time

    seconds, limit = run_time(compiled.plan.limits, _burn(compiled))
    hourly = total(prices)
    most = [_up_to_limits(compiled, line) for line in prices]
    return {
        "prices_of": compiled.prices.date(compiled.plan.infrastructure.location),
        "prices": [{**to_json(line), "usd_up_to_limits": usd} for line, usd in zip(prices, most, strict=True)],
        "usd_per_hour": hourly,
        "usd_at_most": None if hourly is None else round(sum(usd or 0.0 for usd in most), 2),
        "not_capped": usage_rates(),
        "max_cost_usd": compiled.plan.limits.max_cost_usd,
        "run_seconds": seconds,
        "limit": limit,
    }


def price_table(compiled: Compiled, prices: Sequence[PriceLine]) -> Iterator[str]:
    """The price for a person."""
    from tfinfra.compiler.cost import unknown_prices

    location = compiled.plan.infrastructure.location
    yield f"\nprice (US dollars, list prices in {location} of {compiled.prices.date(location)})"
    yield "     an hour  up to the limits"
    for line in prices:
        kept = ", as long as the outputs are kept" if line.part == "keep" else ""
        yield f"  {_usd(line.usd_per_hour, 3)}{_usd(_up_to_limits(compiled, line), 2):>14}  {_counted(line)}{kept}"
    unknown = unknown_prices(prices)
    known = [line for line in prices if line.usd_per_hour is not None]
    hourly = sum(line.usd_per_hour or 0.0 for line in known)
    most = sum(_up_to_limits(compiled, line) or 0.0 for line in known)
    more = f"; and what is unknown: {', '.join(unknown)} (`tfinfra catalog refresh`)" if unknown else ""
    yield f"  {_usd(hourly, 3)}{_usd(most, 2):>14}  in all{more}"
    yield from _not_capped(compiled)
    if compiled.spec.target.cloud == "local":
        yield "  on the local cloud nothing is charged: this is what the same would cost on Azure"


def _counted(line: PriceLine) -> str:
    return f"{line.quantity} x {line.item}"


def _usd(price: float | None, digits: int) -> str:
    return f"{price:10.{digits}f}" if price is not None else "   unknown"


def _up_to_limits(compiled: Compiled, line: PriceLine) -> float | None:
    """What a line costs if the run lasts until its deadline, and its outputs stay as long as they may."""
    from tfinfra.money.budget import run_time

    if line.usd_per_hour is None:
        return None
    limits = compiled.plan.limits
    seconds, _ = run_time(limits, _burn(compiled))
    kept = limits.keep_outputs if line.part == "keep" else 0
    return round(line.usd_per_hour * (seconds + kept) / 3600, 4)


def _burn(compiled: Compiled) -> Burn:
    """What the deadline reckons with: nothing where nothing is charged."""
    from tfinfra.compiler.cost import burn_of, dearest_lines
    from tfinfra.money.budget import FREE

    target = compiled.spec.target
    return FREE if target.cloud == "local" else burn_of(dearest_lines(compiled.plan, target, compiled.prices))


def _not_capped(compiled: Compiled) -> Iterator[str]:
    from tfinfra.catalog.prices import usage_rates

    cap = compiled.plan.limits.max_cost_usd
    held = f" (limits.max_cost_usd holds {cap / 10:.2f} back for it)" if cap is not None else ""
    yield f"  not capped by any limit of time{held}:"
    for rate in usage_rates():
        yield f"  {rate.usd:10.4f}  a {rate.per}: {rate.item}"


def limit_lines(compiled: Compiled) -> Iterator[str]:
    """When what is deleted, and which limit says so."""
    from tfinfra.clock import spell_seconds
    from tfinfra.money.budget import run_time

    limits, hold = compiled.plan.limits, compiled.plan.hold_on_failure
    seconds, limit = run_time(limits, _burn(compiled))
    yield f"  everything billed by the hour is deleted {spell_seconds(seconds)} after the first write to the cloud"
    if limit == "max_cost_usd":
        yield f"  that is what {_budget(compiled)}"
    elif limits.max_cost_usd is not None:
        yield f"  max_cost_usd of {limits.max_cost_usd:.2f} is not reached before that"
    yield f"  outputs stay {spell_seconds(limits.keep_outputs)} longer"
    if hold:
        yield f"  after a failure the nodes are held for {spell_seconds(hold)}, never past the deadline"


def _budget(compiled: Compiled) -> str:
    """How max_cost_usd became a time."""
    from tfinfra.clock import spell_seconds
    from tfinfra.money.budget import FOR_USAGE, held_for_end

    limits, burn = compiled.plan.limits, _burn(compiled)
    cap = limits.max_cost_usd or 0.0
    end = f"{held_for_end(limits, burn):.2f} for the deletion and the kept outputs"
    longest = spell_seconds(limits.max_run_duration)
    held = f"{cap * FOR_USAGE:.2f} for bytes and calls and {end}"
    return f"max_cost_usd of {cap:.2f} allows, less {held}; max_run_duration would be {longest}"
