"""The process: its port, the browser that it opens, and what it leaves."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tfinfra.errors import UsageError
from tfinfra.ui.entrance import connections
from tfinfra.ui.serve import has_browser, serving


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield int(other.getsockname()[1])


def test_a_port_that_is_taken_is_an_error_that_says_so(taken: int) -> None:
    with pytest.raises(UsageError, match=f"port {taken} is taken") as raised, serving(taken, print):
        pass
    assert raised.value.exit_code == 2


def test_the_usual_port_gives_way_to_a_free_one(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfinfra.ui.serve.PORT", taken)
    with serving(None, print) as served:
        assert f":{taken}/" not in served.address


def test_nobody_but_this_machine_reaches_it() -> None:
    with serving(0, print) as served:
        with socket.create_connection(("127.0.0.1", served.port), 5):
            pass
        with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.2", served.port), 1):
            pass


@needs_ipv6
def test_nobody_else_waits_at_the_other_address_of_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser may try either for the server's name, and would give the token to whoever is there."""
    with serving(0, print) as served, socket.create_connection(("::1", served.port), 5):
        pass
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = int(other.getsockname()[1])
        with pytest.raises(UsageError, match=f"port {port} is taken"), serving(port, print):
            pass
        monkeypatch.setattr("tfinfra.ui.serve.PORT", port)
        with serving(None, print) as served:
            assert served.port != port


def test_connections_that_bring_no_request_keep_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "WHOLE_IN", 0.5)
    beginnings = [b"", b"GET / HTTP/1.1\r\nHost: x", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na"]
    with serving(0, print) as served, ExitStack() as idle:
        opened = [socket.create_connection(("127.0.0.1", served.port), 5) for _ in range(connections.MOST + 40)]
        for number, each in enumerate(opened):
            idle.enter_context(each)
            each.sendall(beginnings[number % len(beginnings)])
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{served.port}/", timeout=5)
        assert (refused.value.code, "Content-Security-Policy" in refused.value.headers) == (403, True), (
            "by our own page"
        )
        for each in opened:
            with suppress(ConnectionError):
                while each.recv(4096):
                    pass


def test_the_browser_is_led_in_by_a_file_of_this_user_alone(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    with serving(0, print) as served:
        with served.in_browser():
            (path,) = (state / "ui").iterdir()
            assert (path.stat().st_mode & 0o777, served.address in path.read_text()) == (0o600, True)
            assert "token" not in "".join(opened), "a command line is for all to read"
        assert list((state / "ui").iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "kind", "opens"),
    [
        pytest.param({"DISPLAY": ":0"}, webbrowser.BackgroundBrowser, True, id="a desktop"),
        pytest.param({"WAYLAND_DISPLAY": "w"}, webbrowser.BackgroundBrowser, True, id="a desktop by Wayland"),
        pytest.param({}, webbrowser.BackgroundBrowser, False, id="no desktop"),
        pytest.param({"DISPLAY": ":10", "SSH_CONNECTION": "x"}, webbrowser.BackgroundBrowser, False, id="over ssh"),
        pytest.param({"DISPLAY": ":0"}, webbrowser.GenericBrowser, False, id="one that would take the terminal"),
        pytest.param({"DISPLAY": ":0"}, None, False, id="none"),
    ],
)
def test_a_browser_is_opened_where_one_has_a_window(
    variables: Mapping[str, str],
    kind: type[webbrowser.GenericBrowser] | None,
    opens: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def get() -> webbrowser.GenericBrowser:
        if kind is None:
            raise webbrowser.Error("could not locate runnable browser")
        return kind("browser")

    monkeypatch.setattr(webbrowser, "get", get)
    monkeypatch.setattr("sys.platform", "linux")
    assert has_browser(variables.get) is opens
