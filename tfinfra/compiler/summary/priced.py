"""A plan's price as one value: per hour, up to its limits, at most, and as expected. `plan` and `up` show the same."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.catalog.prices import PriceBook, usage_rates
from tfinfra.catalog.usual_times import usual_times
from tfinfra.compiler.cost import burn_of, dearest_lines, price_lines, total, unknown_prices
from tfinfra.compiler.pipeline import Compiled
from tfinfra.model import Limits, Plan, PriceLine, Target
from tfinfra.money.budget import DELETION_SECONDS, FREE, Burn, held_for_end, run_time
from tfinfra.money.expected import Expected, Phase, expected


@dataclass(frozen=True)
class Priced:
    """`lines` at list prices of the day `date`; `seconds` until the deadline and the key of limits that it comes from;
    `burn` is what that reckons with, nothing where nothing is charged. `dearest` is US dollars an hour of the dearest
    place that may be tried and `most` what the run can cost there until the last deletion is done, bytes and calls
    aside; both are None where a price is not known."""

    lines: tuple[PriceLine, ...]
    location: str
    date: str
    limits: Limits
    burn: Burn
    seconds: int
    limit: str
    local: bool
    dearest: float | None
    most: float | None
    expected: Expected

    @property
    def usd_per_hour(self) -> float | None:
        return total(self.lines)


def priced(compiled: Compiled) -> Priced:
    """The price of a compiled manifest's plan."""
    return price_of(compiled.plan, compiled.spec.target, compiled.prices().book)


def price_of(plan: Plan, target: Target, book: PriceBook) -> Priced:
    """The price of a plan on a target."""
    local, location = target.cloud == "local", plan.infrastructure.location
    lines, dear = price_lines(plan, target, book), dearest_lines(plan, target, book)
    dearest = burn_of(dear)
    burn = FREE if local else dearest
    seconds, limit = run_time(plan.limits, burn)
    known = not unknown_prices(dear)
    most = dearest.total * seconds / 3600 + held_for_end(plan.limits, dearest)
    return Priced(
        lines=lines,
        location=location,
        date=book.date(location),
        limits=plan.limits,
        burn=burn,
        seconds=seconds,
        limit=limit,
        local=local,
        dearest=round(dearest.total, 4) if known else None,
        most=round(most, 2) if known else None,
        expected=expectation(plan, target, lines),
    )


def expected_text(price: Priced) -> str:
    """ "expected: about 23 min, about 0.17 USD, and 0.33 USD for each hour of training; at most 0.36 USD"."""
    known = price.expected
    time = f"expected: about {round(known.seconds / 60)} min"
    if known.usd is None:
        return f"{time} beside the training; what it costs is not known, for want of a price"
    most = "" if price.most is None else f"; at most {price.most:.2f} USD, bytes and calls aside: {_AT_MOST}"
    hour = f"and {known.training_usd_per_hour:.2f} USD for each hour of training"
    return f"{time}, about {known.usd:.2f} USD, {hour}{most}"


_AT_MOST = f"up to the limits, {DELETION_SECONDS / 60:.0f} min for the deletion, in the dearest place"


def expectation(plan: Plan, target: Target, lines: tuple[PriceLine, ...]) -> Expected:
    """What the plan is expected to take in its first place, whose prices are `lines`."""
    times, made, gpu = usual_times(), plan.infrastructure, plan.requirements.gpu
    phases = (
        Phase("store, share and identities", times.keep_with_share if made.shared_directory else times.keep, False),
        Phase("grants and the timer", times.grants, False),
        Phase("network, machines, boot", times.machines, True),
        Phase("environment", times.environment[gpu], True),
        Phase("deletion", times.deletion, True),
    )
    burn = None if unknown_prices(lines) else burn_of(lines)
    # What nodes fetch through the run's gateway, and the calls of the store while they are there. Own networks bill
    # their way out elsewhere.
    rates = {rate.item: rate.usd for rate in usage_rates([line.item for line in lines])}
    fetched = 0.0 if target.subnet_id else plan.node_count * times.gb_per_node[gpu]
    minutes = sum(phase.seconds for phase in phases if phase.nodes) / 60
    calls = (times.client_calls + plan.node_count * times.node_calls) * minutes
    usage = fetched * rates.get(_GATEWAY, 0.0) + calls / 10_000 * rates.get(_CALLS, 0.0)
    return expected(phases, burn, usage)


_GATEWAY, _CALLS = "bytes through the NAT gateway", "blob writes and lists"
