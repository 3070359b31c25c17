"""Prints what tests/attacks.py has through every way by which text of others reaches a person, each after a line "WAY
<its name>": `python -m tests.cli_runs.hostile_sinks FOLDER`, which is for its state."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.attacks import ATTACKS
from tests.lifecycle.record.test_record import a_record
from tfinfra.api.log_printer import LogPrinter
from tfinfra.azure.preflight.all_checks import PassedCheck
from tfinfra.cli import output
from tfinfra.cli.authoring import plan_text
from tfinfra.cli.live import LiveView, run_view
from tfinfra.cli.machine import doctor
from tfinfra.cli.main import main
from tfinfra.cli.tables import show_table
from tfinfra.errors import Diagnostic, Position, Severity, TfinfraError
from tfinfra.lifecycle.preflight import LiveAnswer
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.lifecycle.watch.observer import Observer
from tfinfra.machine.doctor import CheckResult
from tfinfra.model import TaskStatus
from tfinfra.system.ownership import make_private
from tfinfra.system.paths import state_folder

RUN = "hostile-abc123"


def viewed(tell: Callable[[Observer, str], None]) -> Callable[[list[str]], None]:
    def shown(texts: list[str]) -> None:
        with run_view(json=False) as view:
            for text in texts:
                tell(view, text)
                if isinstance(view, LiveView):
                    view.screen.paint()

    return shown


def in_one_go(text: str) -> str:
    """A line, as the store's reader gives it."""
    return text.replace("\n", " ")


def a_diagnostic(text: str) -> Diagnostic:
    place = Position("a.yaml" + in_one_go(text), 3, 2, 4, in_one_go(text))
    return Diagnostic("TFI100", Severity.WARNING, text, text, place, text)


def recorded(texts: list[str]) -> None:
    """A run that has ended, whose log and messages are the texts."""
    results = state_folder() / "results"
    make_private(results / "tasks")
    (results / "tasks" / "rank-0.log").write_bytes("\n".join(texts).encode("utf-8", "surrogatepass"))
    said = "\n".join(texts).encode("utf-8", "replace").decode().replace("\0", "")  # which no record holds
    record = a_record(
        RUN,
        phase="deleted",
        client=None,
        result="failed",
        results=str(results),
        message=said,
        hint=said,
        fetched=True,
    )
    run_folder(state_folder(), RUN).write(record)


def verb(*arguments: str) -> Callable[[list[str]], None]:
    def called(texts: list[str]) -> None:
        recorded(texts)
        assert main([*arguments]) == 0

    return called


def client_log(texts: list[str]) -> None:
    path = state_folder() / "client.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\n".join(texts).encode("utf-8", "surrogatepass"))
    with LogPrinter(path, shown=True) as log:
        log.show()


def errors(texts: list[str]) -> None:
    for text in texts:
        output.print_error(TfinfraError(text, hint=text))
        output.print_error(TfinfraError("", diagnostics=(a_diagnostic(text),)))
        output.progress(text)


def plans(texts: list[str]) -> None:
    checked = tuple(PassedCheck("quota", text) for text in texts)
    output.show(*plan_text.live_lines(LiveAnswer("azure", (), checked, 0.1)))


WAYS: dict[str, Callable[[list[str]], None]] = {
    "a script's line": viewed(lambda view, text: view.line("rank-0", in_one_go(text))),
    "progress": viewed(lambda view, text: view.progress(f"p{len(text)}", text)),
    "a phase": viewed(lambda view, text: view.begin(f"p{len(text)}", text)),
    "a failure": viewed(lambda view, text: view.fail(f"p{len(text)}", 1.0, text)),
    "what is said": viewed(lambda view, text: view.say(text)),
    "a diagnostic": viewed(lambda view, text: view.diagnose(a_diagnostic(text))),
    "a task": viewed(lambda view, text: view.task(TaskStatus(f"rank-{len(text) % 9}", 1, "failed", message=text))),
    "errors": errors,
    "logs": verb("logs", RUN),
    "logs -f": verb("logs", "-f", RUN),
    "logs --json": verb("logs", "--json", RUN),
    "status": verb("status", RUN),
    "status --json": verb("status", "--json", RUN),
    "runs": lambda texts: show_table(("RUN", "STATE"), [(text, text) for text in texts]),
    "runs --json": verb("runs", "--json"),
    "plan --live": plans,
    "doctor": lambda texts: output.show(*doctor.lines([CheckResult("a", "ok", t, t) for t in texts])),
    "a document": lambda texts: output.print_json({"texts": texts}),
    "Python": client_log,
}

if __name__ == "__main__":
    for number, (name, way) in enumerate(WAYS.items()):
        os.environ["TFINFRA_STATE_DIR"] = str(Path(sys.argv[1]) / str(number))
        print(f"\nWAY {name}", flush=True)
        way(list(ATTACKS.values()))
        sys.stdout.flush()
