"""-q and -v, before a verb and after it."""

from __future__ import annotations

import io
import logging
import threading
from pathlib import Path

import pytest

from tfinfra.cli import output
from tfinfra.cli.main import VERBS, cli, main
from tfinfra.cli.verbosity import Verbosity, verbosity
from tfinfra.errors import Diagnostic, Severity
from tfinfra.lifecycle.watch.plain_view import QuietView
from tfinfra.model import TaskStatus

PLACES = {
    "before": lambda option: [option, "explain", "TFI203"],
    "after": lambda option: ["explain", "TFI203", option],
    "between": lambda option: ["explain", option, "TFI203"],
}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Verbosity]:
    """What the verb sees, also on a thread."""
    found: list[Verbosity] = []

    def show(*lines: str) -> None:
        thread = threading.Thread(target=lambda: found.append(verbosity()))
        thread.start()
        thread.join()

    monkeypatch.setattr(output, "show", show)
    return found


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ("-q", Verbosity.QUIET),
        ("--quiet", Verbosity.QUIET),
        ("-v", Verbosity.VERBOSE),
        ("--verbose", Verbosity.VERBOSE),
    ],
)
def test_anywhere(place: str, option: str, wanted: Verbosity, seen: list[Verbosity]) -> None:
    assert main(PLACES[place](option)) == 0
    assert seen == [wanted]
    assert verbosity() is Verbosity.NORMAL  # the next verb of this process has its own


def test_every_verb_has_both(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in [*([name] for name in VERBS), ["catalog", "sizes"], ["catalog", "refresh"]]:
        assert main([*verb, "--help"]) == 0
        shown = capsys.readouterr().out
        assert "-q, --quiet" in shown
        assert "-v, --verbose" in shown
    assert cli.name == "cli"


def test_a_verbs_help_fits_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    wide = {}
    for verb in [*([name] for name in VERBS), ["catalog", "sizes"], ["catalog", "refresh"], ["setup", "azure"]]:
        main([*verb, "--help"])
        wide[" ".join(verb)] = [line for line in capsys.readouterr().out.splitlines() if len(line) > 80]
    assert not any(wide.values()), wide


def test_quiet_is_results_warnings_and_errors(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(*lines: str) -> None:
        output.progress("a step")
        output.progress("warning: a warning")
        output.result_line("a result")
        output.print_diagnostics(Diagnostic("TFI400", kind, kind.value) for kind in Severity)

    monkeypatch.setattr(output, "show", show)
    assert main(["explain", "-q"]) == 0
    told = capsys.readouterr().err
    assert "a step" not in told
    assert "notice" not in told
    assert all(text in told for text in ("warning: a warning", "a result", "warning[TFI400]", "error[TFI400]"))


def test_verbose_tells_what_libraries_log_without_credentials(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def show(*lines: str) -> None:
        url = "https://a.blob.core.windows.net/x?sig=c2VjcmV0"
        azure = logging.getLogger("azure.core")
        azure.info("Request URL: %r\nRequest method: %r\nRequest headers:\n    'Authorization': 'REDACTED'", url, "GET")
        azure.info("Response status: %r\nResponse headers:\n    'date': 'today'", 200)
        azure.info("something\nelse of %s", url)

    monkeypatch.setattr(output, "show", show)
    assert main(["explain", "-v"]) == 0
    told = capsys.readouterr().err
    *lines, last = told.splitlines()
    assert lines == [
        "GET https://a.blob.core.windows.net/x?sig=***",
        "answered with 200",
        "azure.core: something else of https://a.blob.core.windows.net/x?sig=***",
    ]
    assert last.startswith("took ")
    assert main(["explain"]) == 0
    assert capsys.readouterr().err == ""


def test_a_quiet_run_tells_warnings_alone() -> None:
    out = io.StringIO()
    view = QuietView(out, out, lambda diagnostic: diagnostic.message)
    view.begin("train", "1 task")
    view.progress("train", "waits")
    view.line("rank-0", "step 1")
    view.task(TaskStatus("rank-0", 0, "running"))
    view.say("run digits-abc123")
    view.say("warning: timer will not delete")
    for severity in (Severity.NOTICE, Severity.WARNING):
        view.diagnose(Diagnostic("TFI400", severity, severity.value))
    view.end("train", 1.0, "1 task")
    assert out.getvalue().splitlines() == ["warning: timer will not delete", "warning"]


def test_an_error_is_told_however_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "-q", str(tmp_path / "none.yaml")]) == 3
    assert "error" in capsys.readouterr().err
