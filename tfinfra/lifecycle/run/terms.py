"""What is agreed to before the first write to a cloud that charges: the price, the most it can cost, the deadline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tfinfra.compiler.pipeline import Compiled
from tfinfra.model.spec import limit_key
from tfinfra.system.clock import iso_time
from tfinfra.text.wording import spell_seconds


@dataclass(frozen=True)
class Terms:
    """`what` runs where; US dollars at list price, None where one is not known: an hour in the first place and in the
    dearest that may be tried. `expected` is the expectation and the most in a sentence; `seconds` pass from the first
    write to the deadline, which comes from `limit`."""

    what: str
    usd_per_hour: float | None
    dearest: float | None
    expected: str
    seconds: int
    limit: str

    def lines(self, now: float) -> Iterator[str]:
        """The terms for a person at `now` (Unix seconds)."""
        yield f"{self.what}: {self._price()}"
        yield f"  {self.expected}"
        until = f"about {iso_time(now + self.seconds)}" if self.seconds < _FAR else "in years"
        after = f"{spell_seconds(self.seconds)} after the first write"
        yield f"  deadline: everything billed by the hour is deleted {after}, {until} ({limit_key(self.limit)})"

    def _price(self) -> str:
        if self.usd_per_hour is None:
            return "its price is not known here; `tfinfra catalog refresh` asks Azure"
        text = f"{self.usd_per_hour:.2f} USD an hour at list price"
        if self.dearest is None:
            return f"{text}; that of an alternative is not known"
        return f"{text} ({self.dearest:.2f} at the dearest alternative)" if self.dearest > self.usd_per_hour else text


Consent = Callable[[Terms, Callable[[], None]], bool]
"""Asks the user, who pays, whether the run may begin; the second argument raises what interrupts the run, and is to be
called often during the wait for an answer."""
_FAR = 366 * 86400


def agreed(terms: Terms, check: Callable[[], None]) -> bool:
    """Agrees without asking."""
    del terms, check
    return True


def terms_of(compiled: Compiled) -> Terms:
    from tfinfra.compiler.summary.priced import expected_text, priced

    made, price = compiled.plan.infrastructure, priced(compiled)
    what = f"{made.node_count} x {made.vm_size} in {made.location}"
    return Terms(what, price.usd_per_hour, price.dearest, expected_text(price), price.seconds, price.limit)
