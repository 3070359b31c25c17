"""What a plan is expected to take, and the first run on a subscription, which may cost next to nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.compiler.manifests import HOROVOD, checked
from tfinfra.catalog.prices import shipped_book
from tfinfra.catalog.usual_times import usual_times
from tfinfra.compiler.cost import burn_of, dearest_lines, price_lines
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import compile_manifest
from tfinfra.compiler.summary.priced import Priced, expectation, priced
from tfinfra.errors import NotFeasible
from tfinfra.model import Target
from tfinfra.money.budget import Burn, least_cap, needed_seconds
from tfinfra.money.expected import Phase, expected
from tfinfra.text.wording import spell_seconds

SMOKE = Path(__file__).parents[2] / "examples" / "azure-smoke.yaml"
TRAINING = 60.0
"""Seconds that the digits take at most; on one core they take twenty."""
HOUR = 3600.0


@pytest.fixture(autouse=True)
def shipped_prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs this may have refreshed theirs."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))


def smoke(tmp_path: Path, cap: float | None = None) -> Priced:
    text = SMOKE.read_text().replace("source_directory: digits", f"source_directory: {SMOKE.parent / 'digits'}")
    if cap is not None:
        written = next(line for line in text.splitlines() if "max_cost_usd:" in line)
        text = text.replace(written, f"  max_cost_usd: {cap:.2f}")
    (tmp_path / "smoke.yaml").write_text(text)
    return priced(compile_manifest(load_project(tmp_path / "smoke.yaml")))


def test_the_first_run_is_expected_to_cost_less_than_twenty_cents(tmp_path: Path) -> None:
    usd = smoke(tmp_path).expected.usd_with(TRAINING)
    assert usd is not None
    assert 0.05 < usd < 0.20


def test_the_first_runs_budget_is_the_least_that_is_taken(tmp_path: Path) -> None:
    found = smoke(tmp_path)
    cap = found.limits.max_cost_usd
    assert cap == least_cap(found.limits, found.burn)
    with pytest.raises(NotFeasible, match="max_cost_usd leaves"):
        smoke(tmp_path, cap - 0.01)
    assert found.most is not None
    assert found.most <= cap * 0.9


def test_the_first_runs_deadline_is_not_before_what_is_expected(tmp_path: Path) -> None:
    """Nodes end the training at nine tenths of the time at the earliest."""
    found = smoke(tmp_path)
    assert found.seconds >= needed_seconds(found.limits)
    assert found.expected.until_training + TRAINING < found.seconds * 0.9


def test_the_documents_say_when_the_first_run_ends_whatever_it_does(tmp_path: Path) -> None:
    ends = spell_seconds(smoke(tmp_path).seconds)
    longer = smoke(tmp_path, 0.58)
    assert (ends, longer.limit) == ("27 min 54 s", "max_run_duration")
    for document in (SMOKE, SMOKE.parents[1] / "docs" / "azure.md"):
        assert ends in document.read_text()
        assert "0.58" in document.read_text()


def test_the_first_run_tries_the_cheapest_size_alone(tmp_path: Path) -> None:
    found = smoke(tmp_path)
    assert found.usd_per_hour == pytest.approx(0.33, abs=0.005)
    assert found.dearest == pytest.approx(0.33, abs=0.005)


def test_each_group_is_billed_as_long_as_it_is_there() -> None:
    phases = (Phase("before", HOUR, False), Phase("with nodes", HOUR / 2, True), Phase("deletion", HOUR / 2, True))
    found = expected(phases, Burn(compute=2.0, keep=0.5), 0.25)
    assert (found.seconds, found.usd, found.until_training) == (2 * HOUR, 2 * 0.5 + 2.0 + 0.25, 1.5 * HOUR)
    assert found.usd_with(HOUR) == found.usd + 2.5 if found.usd else False


def test_without_a_price_there_is_a_time_and_no_cost() -> None:
    found = expected((Phase("all", 60.0, True),), None, 0.1)
    assert (found.seconds, found.usd, found.usd_with(1.0)) == (60.0, None, None)


def test_what_makes_an_expectation_longer_or_dearer(tmp_path: Path) -> None:
    target = Target(name="t", cloud="azure", location="eastus", vm_size="Standard_D8s_v5", os_disk_gb=128)
    plan = checked(tmp_path, "vm_size: Standard_D8s_v5\nnode_count: 2\ndistributed_backend: mpi\n", HOROVOD).plan
    book, times = shipped_book(), usual_times()
    two = expectation(plan, target, price_lines(plan, target, book))
    alone = replace(plan, node_count=1, infrastructure=replace(plan.infrastructure, shared_directory=False))
    one = expectation(alone, target, price_lines(alone, target, book))
    assert two.seconds - one.seconds == times.keep_with_share - times.keep
    gpu = replace(plan, requirements=replace(plan.requirements, gpu=True))
    more = expectation(gpu, target, price_lines(gpu, target, book))
    assert more.seconds - two.seconds == times.environment[1] - times.environment[0]
    assert (more.usage_usd or 0) > 2 * (two.usage_usd or 0)
    theirs = replace(target, subnet_id="/s")  # their own way out is billed elsewhere
    assert (expectation(plan, theirs, price_lines(plan, theirs, book)).usage_usd or 1) < (two.usage_usd or 0)


def test_the_most_is_reckoned_at_the_dearest_place(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("print()\n")
    target = "{cloud: azure, location: eastus, vm_size: [Standard_D2s_v5, Standard_D16s_v5]}"
    limits = "limits: {max_run_duration: 1h}"
    (tmp_path / "m.yaml").write_text(f"entry_script: train.py\n{limits}\ncompute_target: {target}\n")
    compiled = compile_manifest(load_project(tmp_path / "m.yaml"))
    found = priced(compiled)
    dear = burn_of(dearest_lines(compiled.plan, compiled.spec.target, compiled.prices().book))
    assert found.dearest == pytest.approx(dear.total, abs=1e-4)
    assert found.most is not None
    assert found.most >= dear.compute * 1.5
    assert found.usd_per_hour is not None
    assert found.usd_per_hour < dear.total
