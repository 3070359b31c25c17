"""Guardrails on all runs that live in a subscription together. They are asked before anything is made, and reserve
nothing: of two runs that start in the same minute, each may find room for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfinfra.catalog.sizes import size
from tfinfra.cloud import Cloud
from tfinfra.compiler.cost import burn_of, dearest_lines
from tfinfra.compiler.lines.guardrail_lines import breach, target_path
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import CredentialsError, Diagnostic, TfinfraError
from tfinfra.guardrails.values import Guardrail
from tfinfra.text.wording import count, first_few

if TYPE_CHECKING:
    from tfinfra.azure.live_runs import LiveNodes, LiveRuns
    from tfinfra.catalog.prices import PriceBook

_MOST = 4
_CODES = {"max_live_runs": "TFI453", "max_usd_per_hour": "TFI454"}
_WAIT = "wait until one of them has ended; `tfinfra runs` lists them"


@dataclass(frozen=True)
class LiveBreaches:
    """`found` goes beyond a guardrail; where nothing does, `told` is a line on what was counted, if anything was."""

    found: tuple[Diagnostic, ...] = ()
    told: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Limit:
    """A guardrail on live runs, by its key, and its number."""

    key: str
    most: float
    held: Guardrail


def live_breaches(compiled: Compiled, cloud: Cloud) -> LiveBreaches:
    """What the live runs of the cloud's subscription and this one go beyond, together. What cannot be told is a breach:
    nobody knows that there is room. Raises CredentialsError."""
    from tfinfra.azure.live_runs import live_runs

    limits = tuple(_limits(compiled))
    if not limits:
        return LiveBreaches()
    try:
        live = live_runs(cloud)
    except CredentialsError:
        raise
    except TfinfraError as error:
        what = f"it is not known what lives in the subscription ({error.message})"
        hint = error.hint or "a role with Reader on the subscription lets tfinfra ask"
        return LiveBreaches(tuple(_breach(compiled, limit, what, hint) for limit in limits))
    book = compiled.prices().book
    own = burn_of(dearest_lines(compiled.plan, compiled.spec.target, book)).total
    others, unknown = _prices(live.nodes, book)
    found = (
        *_too_many(compiled, limits, live),
        *_too_dear(compiled, limits, live, own + others, unknown),
    )
    if found:
        return LiveBreaches(found)
    price = "" if unknown else f", {own + others:,.2f} USD an hour at list price"
    return LiveBreaches(told=(f"{count(len(live.runs) + 1, 'run')} with this one{price}; nothing is reserved",))


def _limits(compiled: Compiled) -> Iterator[_Limit]:
    for file in compiled.facts.project.guardrails.files:
        for key in _CODES:
            most = getattr(file.allow, key)
            if most is not None:
                yield _Limit(key, most, file.at("allow", key))


def _too_many(compiled: Compiled, limits: Iterable[_Limit], live: LiveRuns) -> Iterator[Diagnostic]:
    number = len(live.runs) + 1
    for limit in limits:
        if limit.key == "max_live_runs" and number > limit.most:
            what = f"with this run {count(number, 'run')} would live in the subscription{_named(live)}"
            yield _breach(compiled, limit, what, _WAIT if live.runs else "no run may begin now")


def _too_dear(
    compiled: Compiled, limits: Iterable[_Limit], live: LiveRuns, usd: float, unknown: tuple[str, ...]
) -> Iterator[Diagnostic]:
    for limit in limits:
        if limit.key != "max_usd_per_hour":
            continue
        if unknown:
            what = f"no price is known of {first_few(unknown, _MOST)}, which live in the subscription"
            yield _breach(compiled, limit, what, "`tfinfra catalog refresh` asks Azure for its prices")
        elif usd > limit.most:
            what = f"with this run the subscription's cost {usd:,.2f} USD an hour at list price{_named(live)}"
            yield _breach(compiled, limit, what, _WAIT)


def _named(live: LiveRuns) -> str:
    return f": {first_few(live.runs, _MOST)} live now" if live.runs else ""


def _prices(nodes: Iterable[LiveNodes], book: PriceBook) -> tuple[float, tuple[str, ...]]:
    """(US dollars an hour that the nodes cost at most, what of them has no price)."""
    usd, unknown = 0.0, []
    for some in nodes:
        known = size(some.vm_size)
        price = some.max_price
        if price is None:
            price = book.vm(known.name if known else some.vm_size, some.location)
        if price is None and some.count:
            unknown.append(f"{some.vm_size} in {some.location} ({some.run})")
        usd += (price or 0.0) * some.count
    return usd, tuple(dict.fromkeys(unknown))


def _breach(compiled: Compiled, limit: _Limit, what: str, hint: str) -> Diagnostic:
    path = target_path(compiled.facts, "subscription_id")
    return breach(compiled.facts, _CODES[limit.key], path, limit.held, what=what, hint=hint)
