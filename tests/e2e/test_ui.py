"""A run that another process drives, followed in a browser while it trains, and ended there."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.browser import browsing, needs_chromium
from tests.e2e.conftest import Workspace, wait_until
from tfinfra.audit.log import read_events

pytestmark = [pytest.mark.e2e, needs_chromium]
SCRIPT = """
import time
from tfinfra import Run
run = Run.get_context()
for step in range(6000):
    print("step <b>", step, "</b>", flush=True)
    run.log("acc", step / 6000)
    time.sleep(0.1)
"""


def test_a_run_is_followed_live_and_ended_by_a_form(process_workspace: Workspace, tmp_path: Path) -> None:
    workspace = process_workspace
    manifest = workspace.manifest(SCRIPT, limits={"max_run_duration": "30m"})
    driver = workspace.start("up", str(manifest), "--machines", workspace.machines, "--json")
    server = workspace.start("ui", "--no-browser", "--port", "0")
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    (tmp_path / "browser").mkdir()
    with browsing(tmp_path / "browser") as page:
        page.open(address, 1440)
        page.until("location.pathname === '/' && document.querySelector('tbody')?.innerText.includes('training')", 120)
        run = str(page.value("document.querySelector('tbody a').textContent"))
        page.until("document.querySelector('tbody').innerText.includes('acc ')", 30)
        page.value("document.querySelector('tbody a').click()")
        page.until("document.getElementById('ui-log')?.textContent.includes('step <b> 1')")
        lines = "document.getElementById('ui-log').textContent"
        far = f"Math.max(0, ...[...{lines}.matchAll(/<b> ([0-9]+)/g)].map((found) => Number(found[1])))"
        seen = int(page.value(far))
        page.until(f"{far} > {seen + 20}", 20)
        page.until("document.querySelector('#ui-report .chart path.line')?.getAttribute('d').length > 20", 30)
        for width in (1440, 390):
            page.resize(width)
            assert page.fits
        assert driver.poll() is None
        page.value("document.querySelector('a.ui-danger').click()")
        page.until("document.querySelector('form[method=post]') !== null")
        assert "is asked to end it" in page.text
        page.value("document.querySelector('form[method=post]').submit()")
        page.until("document.getElementById('ui-act')?.textContent.includes('done')", 60)
        page.until("document.querySelector('.result.cancelled') !== null", 20)
        page.until("document.getElementById('ui-log').textContent.includes('step <b> 1')")
        assert page.complaints == []
        assert [one for one in page.asked if not one.startswith((address.partition("?")[0], "data:,"))] == []
    assert driver.wait(30) == 8
    assert (workspace.folder / "runs" / run / "tasks" / "main-0.log").is_file()
    events = [event.get("asked") for event in read_events(workspace.state / "runs" / run / "events.jsonl")]
    assert f"down {run}" in events
    assert workspace.tfinfra("audit", run).returncode == 0
    server.send_signal(signal.SIGINT)
    wait_until(lambda: server.poll() == 0, 5, "the end of the server")
