"""The preflight of a run: which exit code its findings mean, and that nothing is begun."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lifecycle.fakes import World, preflighted
from tfinfra.cloud import Pace
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import compile_manifest
from tfinfra.errors import Diagnostic, ManifestError, NotFeasible, Severity
from tfinfra.lifecycle import preflight as preflight_module
from tfinfra.lifecycle.preflight import LiveAnswer, check_registered, refusal, refuse_without_subscription
from tfinfra.lifecycle.record.run_record import run_folder


def diagnostic(code: str, severity: Severity = Severity.ERROR) -> Diagnostic:
    return Diagnostic(code, severity, f"the message of {code}", "vm_size", None, f"the way out of {code}")


EXITS = {
    "nothing": ((), None),
    "quota": (("TFI601", "TFI602"), 4),
    "a size": (("TFI605",), 4),
    "no answer": (("TFI623",), 6),
    "no answer, and quota": (("TFI601", "TFI623"), 4),
    "a provider that is not registered": (("TFI614",), 4),
    "rights": (("TFI616",), 4),
    "rights and quota": (("TFI601", "TFI616"), 4),
    "an image": (("TFI609",), 3),
    "policy": (("TFI619",), 3),
    "all of them": (("TFI601", "TFI616", "TFI619"), 3),
}


@pytest.mark.parametrize("case", EXITS)
def test_exit_codes(case: str) -> None:
    codes, expected = EXITS[case]
    error = refusal(map(diagnostic, codes))
    assert (error.exit_code if error else None) == expected
    assert error is None or error.hint == f"the way out of {codes[0]}"


def test_warnings_refuse_nothing_and_are_told_with_the_errors() -> None:
    warning = diagnostic("TFI621", Severity.WARNING)
    assert refusal([warning]) is None
    error = refusal([warning, diagnostic("TFI601")])
    assert error is not None
    assert error.message == "the message of TFI601"
    assert len(error.diagnostics) == 2


def test_a_run_that_cannot_work_is_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = preflighted(World(tmp_path), monkeypatch, diagnostic("TFI601"))
    run = world.new_run()
    with pytest.raises(NotFeasible):
        run.go()
    assert world.groups == {}
    record = run_folder(tmp_path / "state", run.run).read()
    assert record is not None
    assert (record.phase, record.exit_code, record.attempts) == ("deleted", 4, ())


def test_a_runs_preflight_tells_its_warnings_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = preflighted(World(tmp_path), monkeypatch, diagnostic("TFI621", Severity.WARNING))
    assert world.new_run().go().error is None
    lines = world.observer.lines
    assert lines.index("end preflight") < lines.index("diagnose the message of TFI621") < lines.index("begin prepare")


def test_a_cloud_that_wants_no_preflight_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = preflighted(World(tmp_path), monkeypatch, diagnostic("TFI601"))
    world.preflight = False
    assert world.new_run().go().error is None


INLINE = """\
entry_script: train.py
tags: {team: vision}
compute_target:
  cloud: azure
  vm_size: Standard_D8s_v5
  location: eastus
"""
SUBSCRIPTIONS = {
    "on Azure without one": (INLINE, False, ("TFI627", 4)),
    "in a rehearsal": (INLINE, True, None),
    "on the local cloud": ("entry_script: train.py\n", False, None),
    "with one": (f"{INLINE}  subscription_id: 0b1f0000-0000-0000-0000-000000000000\n", False, None),
}


@pytest.mark.parametrize("case", SUBSCRIPTIONS)
def test_a_target_that_names_no_subscription(case: str, tmp_path: Path) -> None:
    text, rehearse, expected = SUBSCRIPTIONS[case]
    (tmp_path / "train.py").write_text("print()\n")
    (tmp_path / "train.yaml").write_text(text)
    compiled = compile_manifest(load_project(tmp_path / "train.yaml"))
    found = None
    try:
        refuse_without_subscription(compiled, rehearse)
    except ManifestError as error:
        (told,) = error.diagnostics
        found = (told.code, told.position.line if told.position else 0)
    assert found == expected


def a_live_answer(*codes: str) -> LiveAnswer:
    told = tuple(diagnostic(c, Severity.WARNING if c == "TFI635" else Severity.ERROR) for c in codes)
    return LiveAnswer("azure", told, (), 0.1)


REGISTRATIONS = {
    "nothing is being registered": ([()], 1, None),
    "it is registered meanwhile": ([("TFI635",), ("TFI635",), ()], 3, None),
    "what else is wrong is told at once": ([("TFI635", "TFI601")], 1, None),
    "it lasts": ([("TFI635",)] * 50, None, "not within"),
}


@pytest.mark.parametrize(("answers", "asked", "refused"), REGISTRATIONS.values(), ids=REGISTRATIONS)
def test_a_run_waits_for_a_provider_that_is_being_registered(
    answers: list[tuple[str, ...]], asked: int | None, refused: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = iter([a_live_answer(*codes) for codes in answers])
    count: list[int] = []

    def check(*_: object) -> LiveAnswer:
        count.append(1)
        return next(given)

    monkeypatch.setattr(preflight_module, "check_live", check)
    monkeypatch.setattr(preflight_module, "REGISTERING", 0.1)
    cloud: Any = SimpleNamespace(pace=Pace(poll=0.01))
    nothing: Any = None
    with pytest.raises(NotFeasible, match=refused) if refused else nullcontext():
        check_registered(nothing, cloud, nothing, Path(), nothing)
    assert asked is None or len(count) == asked
