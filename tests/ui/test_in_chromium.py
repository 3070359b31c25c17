"""The pages in a browser: it is let in and stays in, loads nothing from elsewhere, complains of nothing, and what
others wrote is text. A real server, on a port of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.browser import Browser, browsing, needs_chromium
from tests.lifecycle.record.test_record import a_record
from tests.machines.support import wait_for
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.system.threads import spawn

pytestmark = needs_chromium
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=alert(1)>http://evil.example/"
RUNS = [f"digits-{number:06d}" for number in range(60)]
WIDTHS = (1440, 390)


@dataclass(frozen=True)
class Others:
    """A port of this machine that is not ours, and the cookies that browsers sent it."""

    port: int
    cookies: list[str | None]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a machine with runs that are over."""
    folder = tmp_path_factory.mktemp("ui") / "state"
    for number, run in enumerate(RUNS):
        results = folder / "results" / run
        for kind in ("tasks", "metrics"):
            (results / kind).mkdir(parents=True)
        (results / "tasks/rank-0.log").write_text("".join(f"line {line} {HOSTILE}\n" for line in range(300)))
        point = {"name": HOSTILE[:60], "value": 0.5, "step": 3, "time": 1.0}
        (results / "metrics/rank-0.jsonl").write_text(json.dumps(point) + "\n")
        how = {"result": ("succeeded", "failed", "limit")[number % 3], "message": HOSTILE, "fetched": True}
        record = a_record(run, phase="deleted", client=None, results=str(results), **how)
        run_folder(folder, run).write(record)
    folder.chmod(0o700)
    return folder


@pytest.fixture(scope="module")
def address(state: Path) -> Iterator[str]:
    """Where a server lets one browser in. Its end by Ctrl-C is at once, and no failure."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tfinfra.cli.main", "ui", "--no-browser", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TFINFRA_STATE_DIR": str(state)},
    )
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    yield address
    server.send_signal(signal.SIGINT)
    out, error = server.communicate(timeout=5)
    told = re.fullmatch(r"for a browser that .*: http://127\.0\.0\.1:\d+/\?token=\S+\nCtrl-C ends it\n", error)
    assert (server.returncode, out, told is not None) == (0, "", True), "and nothing of a request was logged"


@pytest.fixture(scope="module")
def page(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A tab that was let in by a file of this machine, as the desktop's browser is."""
    folder = tmp_path_factory.mktemp("chromium")
    (folder / "open.html").write_text(f'<meta http-equiv="refresh" content="0;url={address}">')
    with browsing(folder) as tab:
        tab.open((folder / "open.html").as_uri(), 1440)
        tab.until("location.pathname === '/' && document.querySelector('h1')?.textContent === 'Runs'")
        yield tab


def of(address: str, path: str) -> str:
    return address.partition("/?")[0] + path


def fetched(address: str) -> str:
    """A script that reads a page of ours: "read" or "refused"."""
    return f"fetch('{of(address, '/')}', {{credentials: 'include'}}).then(() => 'read', () => 'refused')"


def framed(address: str) -> str:
    """A script that puts a page of ours into a frame: its title, where that can be read."""
    script = f"new Promise((done) => {{const f = document.createElement('iframe'); f.src = '{of(address, '/')}';"
    script += "f.onload = () => { try { done(f.contentDocument.title) } catch { done('closed') } };"
    return script + "document.body.append(f); setTimeout(() => done('nothing'), 3000)})"


def test_the_secret_is_gone_from_the_address_and_out_of_the_reach_of_scripts(page: Browser) -> None:
    assert "token" not in page.value("location.href")
    assert page.value("document.cookie") == ""
    assert page.value("history.length") <= 4


@pytest.mark.parametrize(
    "path", ["/", "/?page=1", f"/runs/{RUNS[0]}", f"/runs/{RUNS[1]}/stop", f"/runs/{RUNS[1]}/extend", "/nowhere"]
)
def test_each_page_fits_and_asks_nobody_else(page: Browser, address: str, path: str) -> None:
    page.open(of(address, path), 1440)
    for width in WIDTHS:
        page.resize(width, dark=width < 600)
        assert page.fits, width
        assert page.faint == [], width
    page.until("document.querySelector('h1') !== null")
    assert page.value("document.title").endswith("tfinfra")
    assert page.value("document.images.length") == 0
    assert [one for one in page.asked if not one.startswith((of(address, "/"), "data:,"))] == []
    assert [told for told in page.complaints if "404" not in told or path != "/nowhere"] == []


def test_a_reader_of_the_screen_finds_landmarks_names_and_heads(page: Browser, address: str) -> None:
    for path in ("/", f"/runs/{RUNS[0]}"):
        page.open(of(address, path), 1440)
        assert page.value("document.documentElement.lang") == "en"
        assert page.value("document.querySelectorAll('h1').length") == 1
        assert page.value("['header', 'main', 'footer', 'nav'].every((name) => document.querySelector(name))")
        named = "(field.labels && field.labels.length) || field.ariaLabel || field.type === 'hidden'"
        assert page.value(f"[...document.querySelectorAll('input, select')].every((field) => {named})")
        assert page.value("[...document.querySelectorAll('table')].every((one) => one.querySelector('th[scope=col]'))")


def test_the_table_is_narrowed(page: Browser, address: str) -> None:
    page.open(of(address, "/"), 1440)
    page.value("document.querySelector('[name=text]').value = '000001'")
    page.value("document.querySelector('form').submit()")
    page.until("document.querySelectorAll('tbody tr').length === 1")
    assert RUNS[1] in page.text


def test_a_log_is_there_with_and_without_javascript_and_is_text(page: Browser, address: str) -> None:
    page.open(of(address, f"/runs/{RUNS[0]}"), 1440)
    page.until("document.getElementById('ui-log').textContent.includes('line 299')")
    assert (page.value("document.title"), HOSTILE in page.text) == (f"{RUNS[0]} · tfinfra", True)
    assert page.value("document.querySelectorAll('#main a[href*=evil], #main img, #main script').length") == 0


def test_a_page_without_javascript_says_the_same_and_is_loaded_anew(page: Browser, address: str) -> None:
    wanted = {
        f"/runs/{RUNS[0]}": ("line 299", "Succeeded"),
        "/": (RUNS[49], '<meta http-equiv="refresh" content="10">'),
    }
    for path, words in wanted.items():
        page.open(of(address, path), 1440, script=False)
        assert [word for word in words if word not in page.html] == []
    page.open(of(address, "/"), 1440)


@pytest.fixture
def others() -> Iterator[Others]:
    """Another port of this machine. It may be another user's."""
    sent: list[str | None] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(self.headers.get("Cookie"))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        spawn(server.serve_forever, "other")
        yield Others(server.server_port, sent)
        server.shutdown()


def test_another_port_of_this_machine_gets_no_cookie(page: Browser, others: Others) -> None:
    """Whoever has the cookie is in."""
    for host in ("127.0.0.1", "localhost", "tfinfra-0123456789abcdef.localhost"):
        page.open(f"http://{host}:{others.port}/", 1440)
    assert (len(others.cookies) >= 3, set(others.cookies)) == (True, {None})


def test_a_page_of_others_reads_none_of_ours_and_frames_none(page: Browser, address: str, others: Others) -> None:
    page.open(f"http://127.0.0.1:{others.port}/", 1440)
    assert page.value(fetched(address)) == "refused"
    assert page.value(framed(address)) in ("closed", "nothing", "")
    by_ours = "frame-ancestors 'none'"  # a page of others has no policy
    assert wait_for(lambda: page.value("1") and [told for told in page.complaints if by_ours in told])


def test_a_form_is_taken_from_the_page_and_from_no_script_of_others(page: Browser, address: str) -> None:
    """In a browser: with our own policy for referrers it names the form's origin."""
    page.open(of(address, f"/runs/{RUNS[2]}/stop"), 1440)
    page.value("document.querySelector('form[method=post]').submit()")
    page.until(f"location.pathname === '/runs/{RUNS[2]}'")
    page.until("document.getElementById('ui-act').textContent.includes('done')")
    assert "everything was deleted before" in page.text
    other = f"http://127.0.0.1:{urlsplit(address).port}/"
    page.open(other, 1440)
    assert "Not let in" in page.text, "another name is another jar"
    assert page.value(fetched(address)) == "refused"
    assert page.value(framed(address)) in ("closed", "nothing", "")
