"""What is said and asked before the first write to a cloud that charges."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lifecycle.fakes import World, preflighted
from tests.lifecycle.runs import record_of
from tests.lifecycle.up.test_preflight import diagnostic
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import compile_manifest
from tfinfra.errors import Cancelled, NotFeasible
from tfinfra.lifecycle.run.terms import Terms, terms_of

TERMS = Terms("2 x Standard_D2s_v5 in eastus", 0.33, 0.33, "expected: about 23 min", 1668, "max_cost_usd")


def test_the_price_and_the_deadline_are_told_before_the_first_write(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.new_run(terms=TERMS).go().error is None
    lines = world.observer.lines
    price = lines.index("say 2 x Standard_D2s_v5 in eastus: 0.33 USD an hour at list price")
    assert price < lines.index("begin prepare") < lines.index("begin keep")
    assert lines[price + 1] == "say   expected: about 23 min"
    assert "27 min 48 s after the first write, about 1970-01-01T00:44:" in lines[price + 2]
    assert lines[price + 2].endswith("(limits.max_cost_usd)")


def test_who_declines_has_touched_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    asked: list[Terms] = []

    def no(terms: Terms, check: Callable[[], None]) -> bool:
        asked.append(terms)
        return False

    with pytest.raises(Cancelled, match="nothing was touched") as caught:
        world.new_run(terms=TERMS, consent=no).go()
    assert (caught.value.exit_code, asked, world.groups, world.deleted) == (8, [TERMS], {}, [])
    record = record_of(world)
    assert (record.phase, record.result, record.exit_code, record.attempts) == ("deleted", "cancelled", 8, ())


def test_who_declines_to_go_on_with_a_tune_hears_that_it_was_ended(tmp_path: Path) -> None:
    run = World(tmp_path).new_run(terms=TERMS, consent=lambda *_: False, resume="digits-old000")
    with pytest.raises(Cancelled, match="not begun, as you said; digits-old000 is ended, and what it found is kept"):
        run.go()


def test_ctrl_c_at_the_question(tmp_path: Path) -> None:
    world = World(tmp_path)

    def interrupted(terms: Terms, check: Callable[[], None]) -> bool:
        world.interrupt.request(Cancelled("Ctrl-C ended the run"))
        check()
        return True

    with pytest.raises(Cancelled, match="Ctrl-C"):
        world.new_run(terms=TERMS, consent=interrupted).go()
    assert world.groups == {}


def test_nobody_is_asked_about_a_plan_that_cannot_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = preflighted(World(tmp_path), monkeypatch, diagnostic("TFI601"))

    def never(terms: Terms, check: Callable[[], None]) -> bool:
        raise AssertionError("asked")

    with pytest.raises(NotFeasible):
        world.new_run(terms=TERMS, consent=never).go()


def test_where_nothing_is_charged_nobody_is_asked(tmp_path: Path) -> None:
    def never(terms: Terms, check: Callable[[], None]) -> bool:
        raise AssertionError("asked")

    assert World(tmp_path).new_run(consent=never).go().error is None


PRICES = {
    "one place": (0.33, 0.33, "0.33 USD an hour at list price"),
    "a dearer alternative": (0.33, 0.5, "0.33 USD an hour at list price (0.50 at the dearest alternative)"),
    "an alternative without a price": (
        0.33,
        None,
        "0.33 USD an hour at list price; that of an alternative is not known",
    ),
    "no price": (None, None, "its price is not known here; `tfinfra catalog refresh` asks Azure"),
}


@pytest.mark.parametrize(("usd", "dearest", "text"), PRICES.values(), ids=PRICES)
def test_the_price_an_hour(usd: float | None, dearest: float | None, text: str) -> None:
    first = next(iter(Terms("1 x D", usd, dearest, "", 60, "max_run_duration").lines(0.0)))
    assert first == f"1 x D: {text}"


def test_a_plans_terms_are_those_that_plan_shows(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print()\n")
    target = "{cloud: azure, location: eastus, vm_size: Standard_D2s_v5}"
    (tmp_path / "m.yaml").write_text(f"entry_script: train.py\ncompute_target: {target}\nlimits: {{max_cost_usd: 1}}\n")
    found = terms_of(compile_manifest(load_project(tmp_path / "m.yaml")))
    assert (found.what, found.limit) == ("1 x Standard_D2s_v5 in eastus", "max_cost_usd")
    assert found.expected.startswith("expected: about ")
    assert "; at most 0.90 USD" in found.expected
