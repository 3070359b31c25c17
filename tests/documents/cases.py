"""Each document of each verb: the words that print it, and what must be there before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

import pytest

from tests.auditing.clean import clean, the_key
from tests.azure.rehearsed import Rehearsed
from tests.cli.authoring.test_check import Played
from tests.clocks import FakeClock
from tests.documents.azure import a_run_that_has_expired, another_tenant, as_it_is
from tests.documents.rich_run import ended_run, failed_run, waiting_run
from tests.lifecycle.asking.played_nodes import Nodes
from tests.lifecycle.asking.test_extend import held
from tests.lifecycle.attach.test_resume import GROUPS, RUN
from tests.lifecycle.fake_effects import FakeArm
from tests.lifecycle.fakes import World
from tests.lifecycle.push.test_deploy_folder import keep_file
from tests.lifecycle.push.test_guarded_push import KEEP
from tests.lifecycle.tuning.home import a_tune_at_home
from tests.localcloud.calls import SET
from tests.locking.locks import without_index_or_engine
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.compiler.load import known_prices
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.auditing.live import LiveAudit
from tfinfra.lifecycle.run.request_channel import make_key
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION
from tfinfra.machine.doctor import CheckResult
from tfinfra.model.requests import Answer
from tfinfra.system.clock import iso_time

Prepare = Callable[[Path, pytest.MonkeyPatch], object]


def nothing(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """The manifests beside are enough."""


def answering(**answers: object) -> Prepare:
    """Each function, by its dotted name with "__" for dots, answers that without doing anything."""

    def prepare(folder: Path, patch: pytest.MonkeyPatch) -> None:
        patch.setattr("tfinfra.system.installation.require_run_packages", lambda: None)
        for name, value in answers.items():
            patch.setattr(f"tfinfra.{name.replace('__', '.')}", lambda *_, _value=value, **__: _value)

    return prepare


DRIFTED = LiveAudit(RUN, (Finding("TFA617", Verdict.CHANGED, SET, "sku.capacity was 2 and is 3"),))
TUNE = """
entry_script: train.py
tune:
  sampling: random
  parameter_space: {--rate: {loguniform: [-9.2, -2.3]}, --batch: {choice: [32, 64]}}
  primary_metric_name: accuracy
  primary_metric_goal: maximize
  max_total_runs: 8
  max_concurrent_runs: 2
  policy: {truncation_selection: {truncation_percentage: 20}}
  resume_from: [train-x7k2pq]
"""


@dataclass(frozen=True)
class Case:
    words: tuple[str, ...]
    exit_code: int = 0
    before: Prepare = nothing
    of_azure: Callable[[Rehearsed], object] | None = None
    """Where Azure is asked, which this machine plays (tests/documents/azure.py): what it is made to hold, or to say."""


def a_job(folder: Path, patch: pytest.MonkeyPatch) -> None:
    Path("job.yml").write_text("command: python gone.py\ncompute: azureml:gpus\n")


def edited_deploy_folder(folder: Path, patch: pytest.MonkeyPatch) -> None:
    from tfinfra.cli.main import main

    assert main(["compile", "train.yaml"]) == 0
    deploy = Path("deploy/train")
    (deploy / "__main__.py").write_text("print('mine')\n")


def a_search(folder: Path, patch: pytest.MonkeyPatch) -> None:
    Path("tune.yaml").write_text(TUNE)


def a_tune_that_has_ended(folder: Path, patch: pytest.MonkeyPatch) -> None:
    a_failed_run(folder, patch)
    a_tune_at_home(folder / "state", folder / "results")


def a_script_that_asks(folder: Path, patch: pytest.MonkeyPatch) -> None:
    lines = ("import argparse", "p = argparse.ArgumentParser()", "p.add_argument('--data', required=True)")
    (folder / "asks.py").write_text("\n".join([*lines, "p.parse_args()", ""]))


def a_waiting_run(folder: Path, patch: pytest.MonkeyPatch) -> None:
    found = waiting_run(folder)
    patch.setattr("tfinfra.lifecycle.attach.find_run.find_run", lambda *_, **__: found)


def an_unrecorded_run(folder: Path, patch: pytest.MonkeyPatch) -> None:
    found = waiting_run(folder, record=False)
    patch.setattr("tfinfra.lifecycle.attach.find_run.find_run", lambda *_, **__: found)


def a_run_that_goes_on(folder: Path, patch: pytest.MonkeyPatch) -> None:
    awaited(waiting_run(folder), patch)


def a_command_that_is_ended(folder: Path, patch: pytest.MonkeyPatch) -> None:
    nodes = Nodes(folder=folder)
    ended = Answer("ended", 143, "it was ended: it printed more than 64 MiB")
    nodes.script = [nodes.prints(0, "first\nlast\n"), nodes.says(0, ended)]
    found = nodes.run()
    make_key(found.folder)
    patch.setattr("tfinfra.lifecycle.attach.find_run.find_run", lambda *_, **__: found)
    patch.setattr("tfinfra.lifecycle.asking.execute.SystemClock", lambda: nodes)


def a_held_run(folder: Path, patch: pytest.MonkeyPatch) -> None:
    _, found = held(folder)
    patch.setattr("tfinfra.lifecycle.attach.find_run.find_run", lambda *_, **__: found)


def a_run_that_has_ended(folder: Path, patch: pytest.MonkeyPatch) -> None:
    failed_run(folder)
    awaited(ended_run(folder), patch)


def awaited(found: FoundRun, patch: pytest.MonkeyPatch) -> None:
    """`wait` looks at that run itself, and at a clock that goes on only where it sleeps."""
    patch.setattr("tfinfra.system.installation.require_run_packages", lambda: None)
    patch.setattr("tfinfra.lifecycle.awaiting.awaited_run.find_run", lambda *_, **__: found)
    patch.setattr("tfinfra.lifecycle.awaiting.awaited_run.SystemClock", FakeClock)


def a_run_whose_stack_is_locked(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Of its deletion the end alone is real."""
    answering(
        lifecycle__attach__end_runs__find_run=waiting_run(folder),
        lifecycle__attach__end_runs__end_run={f"{RUN}-keep": "it is locked"},
    )(folder, patch)


def a_failure_to_report(folder: Path, patch: pytest.MonkeyPatch) -> None:
    from tfinfra.cli.main import main

    assert main(["up", "wrong.yaml", "--yes"]) == 3
    answering(machine__doctor__examine=[])(folder, patch)


def a_failed_run(folder: Path, patch: pytest.MonkeyPatch) -> None:
    failed_run(folder)


def a_shown_run(folder: Path, patch: pytest.MonkeyPatch) -> None:
    failed_run(folder)
    shown = SimpleNamespace(url="http://127.0.0.1:6006/", logs=Path("runs/logs"), until_interrupted=lambda: None)
    patch.setattr("tfinfra.lifecycle.metrics.tensorboard.show_run.show_run", lambda *_: nullcontext(shown))


def a_shown_machine(folder: Path, patch: pytest.MonkeyPatch) -> None:
    addresses = {"address": "http://tfinfra-0a1b.localhost:6016/?token=t0ken"}
    addresses["numbered_address"] = "http://127.0.0.1:6016/?token=t0ken"
    served = SimpleNamespace(**addresses, until_interrupted=lambda: None)
    patch.setattr("tfinfra.ui.serve.serving", lambda *_: nullcontext(served))


def a_tampered_run(folder: Path, patch: pytest.MonkeyPatch) -> None:
    run = clean(folder, the_key())
    (run / "outputs/model.json").write_bytes(b"[]")


def played_previews(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tfinfra.system.installation.require_run_packages", lambda: None)
    patch.setattr("tfinfra.lifecycle.previews.two_at_once.Previews", Played)
    patch.setattr("tfinfra.engine.tool.toolchain.ensure_cli", lambda tell: None)
    patch.setattr(Played, "submitted", [], raising=False)
    patch.setattr(Played, "say", {}, raising=False)


def a_lock_without_an_index(folder: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("tfinfra.system.installation.require_run_packages", lambda: None)
    without_index_or_engine(patch)


def a_fault(folder: Path, patch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise ZeroDivisionError("no")

    patch.setattr("click.Command.invoke", fail)


def a_deploy_folder_to_push(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Compiled, with the configuration of its keep stack, which a cloud without machines has."""
    from tfinfra.cli.main import main

    Path("pushed.yaml").write_text("entry_script: train.py\nname: digits\ninputs: {numbers: {path: numbers}}\n")
    assert main(["compile", "pushed.yaml"]) == 0
    keep_file(Path("deploy/digits"), f"{RUN}-keep", run=RUN, deadline=iso_time(1000 + 3600))
    world = World(folder / "cloud")
    world.groups = {GROUPS[1].name: {}}
    patch.setattr(FakeArm, "keep_outputs", lambda *_: KEEP)
    patch.setattr("tfinfra.lifecycle.attach.find_run.ports_at", lambda _: world.ports())


def a_target(folder: Path, patch: pytest.MonkeyPatch) -> None:
    target = f"{{cloud: azure, subscription_id: {SUBSCRIPTION}, location: eastus, vm_size: Standard_D8s_v5}}"
    Path("compute_targets.yaml").write_text(f"gpus: {target}\n")


PLACES: dict[str, dict[str, Case]] = {
    "authoring": {
        "init": Case(("init", "new")),
        "init-proposed": Case(("init", "new", "--from", "asks.py"), 3, a_script_that_asks),
        "convert": Case(("convert", "job.yml"), 3, a_job),
        "validate": Case(("validate", "train.yaml")),
        "compile": Case(("compile", "train.yaml"), before=edited_deploy_folder),
        "plan": Case(("plan", "train.yaml")),
        "plan-rich": Case(
            ("plan", "--live", "--guardrails", "rails.yaml", "rich.yaml"),
            of_azure=as_it_is,
        ),
        "plan-tune": Case(("plan", "tune.yaml"), before=a_search),
        "lock": Case(("lock", "train.yaml"), before=a_lock_without_an_index),
        "check": Case(("check", "rich.yaml"), before=played_previews),
        "manifests": Case(("validate", "train.yaml", "wrong.yaml"), 3),
        "explain": Case(("explain", "TFI203")),
        "explain-list": Case(("explain",)),
        "explain-word": Case(("explain", "wait")),
        "schema-list": Case(("schema", "--list")),
        "catalog-sizes": Case(("catalog", "sizes", "--gpu")),
        "catalog-refresh": Case(
            ("catalog", "refresh"), before=answering(machine__price_refresh__fetch_prices=known_prices().book)
        ),
    },
    "runs": {
        "run": Case(("fetch", RUN), before=a_failed_run),
        "status": Case(("status", RUN), before=a_failed_run),
        "status-waiting": Case(("status", RUN), before=a_waiting_run),
        "status-unrecorded": Case(("status", RUN), before=an_unrecorded_run),
        "logs": Case(("logs", RUN), before=a_failed_run),
        "metrics": Case(("metrics", RUN), before=a_failed_run),
        "report": Case(("report", RUN), before=a_failed_run),
        "tensorboard": Case(("tensorboard", RUN), before=a_shown_run),
        "ui": Case(("ui",), before=a_shown_machine),
        "runs": Case(("runs",), before=a_failed_run),
        "run-tune": Case(("fetch", RUN), before=a_tune_that_has_ended),
        "status-tune": Case(("status", RUN), before=a_tune_that_has_ended),
        "trials": Case(("runs", "--of", RUN), before=a_tune_that_has_ended),
        "audit": Case(("audit", RUN, "--public-key", "key.pub"), 11, a_tampered_run),
        "audit-live": Case(("audit", "--live", RUN), 11, answering(lifecycle__auditing__live__one_live=DRIFTED)),
        "wait": Case(("wait", RUN, "--timeout", "1s"), 12, a_run_that_goes_on),
        "wait-ended": Case(("wait", RUN), 7, a_run_that_has_ended),
        "exec": Case(("exec", RUN, "nvidia-smi"), 143, a_command_that_is_ended),
        "extend": Case(("extend", RUN, "1h"), before=a_held_run),
        "push": Case(("push", "deploy/digits", "--run", RUN), before=a_deploy_folder_to_push),
        "down": Case(("down", RUN), before=a_run_whose_stack_is_locked),
        "down-expired": Case(
            ("down", "--expired", "--yes", "--subscription", SUBSCRIPTION), of_azure=a_run_that_has_expired
        ),
    },
    "machine": {
        "setup": Case(
            ("setup",),
            before=answering(
                engine__tool__toolchain__ensure_cli=Path("/p"),
                machine__setup__install_provider=None,
                environment__lock__make_lock=None,
                environment__build_environment__ensure_environment=Path("/e"),
            ),
        ),
        "setup-azure": Case(("setup", "azure", "--subscription", SUBSCRIPTION), of_azure=as_it_is),
        "doctor": Case(
            ("doctor",), 4, answering(machine__doctor__examine=[CheckResult("python", "problem", "3.9", "take 3.11")])
        ),
        "doctor-target": Case(("doctor", "--target", "gpus"), 5, a_target, another_tenant),
        "doctor-role": Case(("doctor", "--role")),
        "report-bundle": Case(("report-bundle", "--last", "-o", "report.tar.gz"), before=a_failure_to_report),
        "completion": Case(("completion", "bash")),
    },
    "errors": {
        "error": Case(("validate", "wrong.yaml"), 3),
        "error-of-a-sweep": Case(
            ("down", "--expired", "--subscription", SUBSCRIPTION), 2, of_azure=a_run_that_has_expired
        ),
        "error-of-tfinfra": Case(("runs",), 1, a_fault),
    },
}
