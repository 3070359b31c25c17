"""How many runs end at once, when some of them cannot."""

from __future__ import annotations

import pytest

from tfinfra.errors import Cancelled, CredentialsError, TeardownIncomplete, TfinfraError
from tfinfra.lifecycle.attach import end_runs
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.end_runs import EndedRun
from tfinfra.system.process.interruption import Interrupted

FAULTS: dict[str, Exception] = {
    "away": CredentialsError("away: no token", "sign in"),
    "left": TeardownIncomplete("left: a group remains", "try again"),
    "broken": ZeroDivisionError("division by zero"),
}


@pytest.fixture(autouse=True)
def ended(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that were ended, in their order; those in FAULTS cannot be."""
    names: list[str] = []

    def end(name: str, *_: object, **__: object) -> EndedRun:
        names.append(name)
        if name in FAULTS:
            raise FAULTS[name]
        return EndedRun(name, {})

    monkeypatch.setattr(end_runs, "end_named_run", end)
    return names


def test_one_that_cannot_be_ended_keeps_no_other_from_its_end(ended: list[str]) -> None:
    names = ["left", "a", "broken", "away", "b"]
    with pytest.raises(TfinfraError) as caught:
        end_runs.end_runs(names, CloudOptions(), lambda _: None)
    assert ended == names
    worst = max((error for error in FAULTS.values() if isinstance(error, TfinfraError)), key=lambda e: e.exit_code)
    assert (type(caught.value), caught.value.hint) == (type(worst), worst.hint)
    assert caught.value.message.splitlines() == [
        "left: a group remains",
        "broken: tfinfra itself failed: ZeroDivisionError: division by zero",
        "away: no token",
    ]


def test_a_fault_of_tfinfra_itself_is_reported_as_one_where_it_is_the_only_run() -> None:
    with pytest.raises(ZeroDivisionError):
        end_runs.end_runs(["broken"], CloudOptions(), lambda _: None)


def test_what_remains_is_of_each_run() -> None:
    assert end_runs.end_runs(["a", "b"], CloudOptions(), lambda _: None) == [EndedRun("a", {}), EndedRun("b", {})]


SIGNALED: dict[str, tuple[list[str], list[str], str]] = {
    "of many": (
        ["a", "stopped", "b"],
        ["a"],
        "cancelled by SIGTERM: deleted are a; left are stopped, b; stopped may be deleted in part",
    ),
    "of one": (["stopped"], [], "cancelled by SIGTERM: left is stopped; stopped may be deleted in part"),
}


@pytest.mark.parametrize(("names", "deleted", "message"), SIGNALED.values(), ids=SIGNALED)
def test_who_interrupts_hears_what_is_deleted_and_what_is_left(
    names: list[str], deleted: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(name: str, *_: object, **__: object) -> EndedRun:
        if name == "stopped":
            raise Interrupted("SIGTERM")
        return EndedRun(name, {})

    monkeypatch.setattr(end_runs, "end_named_run", end)
    with pytest.raises(Cancelled) as raised:
        end_runs.end_runs(names, CloudOptions(), lambda _: None)
    assert raised.value.message == message
    assert raised.value.details == {"deleted": deleted, "left": [name for name in names if name not in deleted]}
    assert raised.value.hint is not None and "goes on" in raised.value.hint


def test_an_interruption_after_the_last_deletion_leaves_nothing_and_asks_for_nothing() -> None:
    cancelled = end_runs.interrupted(Interrupted("SIGTERM"), ["a", "b"], "b", [])
    assert (cancelled.message, cancelled.hint) == ("cancelled by SIGTERM: deleted are a, b", None)
    assert cancelled.details == {"deleted": ["a", "b"], "left": []}
