"""Who gets a page, and what a browser that is led here by a page of others gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.ui.calls import FORM, HOST, ORIGIN, PORT, Answered, Browser, call
from tfinfra.ui.entrance.guard import FORM_BYTES

COOKIE = f"tfinfra-ui-{PORT}"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path).enter()


def test_the_token_is_exchanged_once_for_a_cookie_and_is_gone_from_the_address(tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    token = browser.token
    entered = call(browser.guard, "GET", f"/?token={token}")
    assert (entered.status, entered.header("location"), entered.header("referrer-policy")) == (
        *(303, "/welcome"),
        "no-referrer",
    )
    name, _, rest = entered.header("set-cookie").partition("=")
    value, *flags = rest.split("; ")
    assert (name, sorted(flags), len(value) >= 43) == (COOKIE, ["HttpOnly", "Path=/", "SameSite=Strict"], True)
    assert token not in entered.header("set-cookie") + call(browser.guard, "GET", "/welcome").text
    again = call(browser.guard, "GET", f"/?token={token}")
    assert (again.status, again.header("set-cookie")) == (403, "")
    assert [browser.door.address in told for told in browser.told] == [True], "the user hears that somebody came first"
    other = call(browser.guard, "GET", f"/?token={browser.token}", {"host": f"localhost:{PORT}"})
    assert (other.status, other.header("set-cookie") != entered.header("set-cookie")) == (303, True)
    assert browser.get("/", cookie=f"{COOKIE}={value}").status == 200, "and both browsers are in"


WAYS: dict[str, tuple[Callable[[Browser], Answered], int]] = {
    "a browser that is in": (lambda b: b.get("/"), 200),
    "the server's own name": (lambda b: b.get("/", host=f"{b.door.host}:{PORT}"), 200),
    "the own name of another server": (lambda b: b.get("/", host=f"tfinfra-0123456789abcdef.localhost:{PORT}"), 421),
    "a form by the own name": (
        lambda b: b.post("/x", {}, host=f"{b.door.host}:{PORT}", origin=f"http://{b.door.host}:{PORT}"),
        404,
    ),
    "a form of 127.0.0.1 to the own name": (lambda b: b.post("/x", {}, host=f"{b.door.host}:{PORT}"), 403),
    "localhost, in other letters": (lambda b: b.get("/", host=f"LocalHost:{PORT}"), 200),
    "the cookie among others": (lambda b: b.get("/", cookie=f"a=b; {b.cookie}; c"), 200),
    "a HEAD": (lambda b: call(b.guard, "HEAD", "/", {"cookie": b.cookie}), 200),
    "a link from elsewhere that the cookie came with": (
        lambda b: b.get("/", sec_fetch_site="same-site", sec_fetch_mode="navigate"),
        200,
    ),
    "no cookie": (lambda b: b.get("/", cookie=""), 403),
    "an empty cookie": (lambda b: b.get("/", cookie=f"{COOKIE}="), 403),
    "a cookie of another port": (lambda b: b.get("/", cookie=b.cookie.replace(str(PORT), "6017")), 403),
    "a cookie that is almost right": (lambda b: b.get("/", cookie=b.cookie[:-1]), 403),
    "a cookie of other letters": (lambda b: b.get("/", cookie=f"{COOKIE}=\xe4\xf6"), 403),
    "a wrong token": (lambda b: b.get("/?token=wrong", cookie=""), 403),
    "an empty token": (lambda b: b.get("/?token=", cookie=""), 403),
    "a token to another path": (lambda b: b.get(f"/runs/digits-abc123?token={b.token}", cookie=""), 403),
    "a token by HEAD": (lambda b: call(b.guard, "HEAD", f"/?token={b.token}"), 403),
    "a token by POST": (lambda b: b.post(f"/?token={b.token}", {}, cookie=""), 403),
    "DNS rebinding: a name of others that leads here": (lambda b: b.get("/", host=f"evil.example:{PORT}"), 421),
    "DNS rebinding, with the token": (lambda b: b.get(f"/?token={b.token}", host=f"evil.example:{PORT}"), 421),
    "DNS rebinding of the page that needs no cookie": (lambda b: b.get("/welcome", host="evil.example"), 421),
    "a name that begins as ours": (lambda b: b.get("/", host=f"127.0.0.1.evil.example:{PORT}"), 421),
    "a name that ends as ours": (lambda b: b.get("/", host=f"evil.localhost:{PORT}"), 421),
    "no port": (lambda b: b.get("/", host="127.0.0.1"), 421),
    "another port": (lambda b: b.get("/", host="127.0.0.1:80"), 421),
    "no Host": (lambda b: b.get("/", host=""), 421),
    "this machine's other addresses": (lambda b: b.get("/", host=f"0.0.0.0:{PORT}"), 421),
    "a path and a name in Host": (lambda b: b.get("/", host=f"{HOST}/@evil.example"), 421),
    "a script of a page on another port": (
        lambda b: b.get("/", sec_fetch_site="same-site", sec_fetch_mode="no-cors"),
        403,
    ),
    "a frame on another port": (lambda b: b.get("/", sec_fetch_site="cross-site", sec_fetch_mode="cors"), 403),
    "PUT": (lambda b: call(b.guard, "PUT", "/", {"cookie": b.cookie}), 405),
    "OPTIONS, before a request of another origin": (
        lambda b: call(b.guard, "OPTIONS", "/", {"cookie": b.cookie, "origin": "http://evil.example"}),
        405,
    ),
    "a form without Origin": (lambda b: b.post("/runs/digits-abc123/stop", {}, origin=""), 403),
    "a form of a page that hides its origin": (lambda b: b.post("/runs/digits-abc123/stop", {}, origin="null"), 403),
    "a form of another site": (lambda b: b.post("/runs/digits-abc123/stop", {}, origin="http://evil.example"), 403),
    "a form of another port": (lambda b: b.post("/runs/digits-abc123/stop", {}, origin="http://127.0.0.1:8888"), 403),
    "a form by the other name": (lambda b: b.post("/runs/digits-abc123/stop", {}, host=f"localhost:{PORT}"), 403),
    "a form over https": (lambda b: b.post("/runs/digits-abc123/stop", {}, origin=f"https://{HOST}"), 403),
    "a form that another port sends": (lambda b: b.post("/x", {}, sec_fetch_site="same-site"), 403),
    "JSON": (lambda b: b.post("/runs/digits-abc123/stop", {}, content_type="application/json"), 415),
    "text, which needs no question before": (
        lambda b: b.post("/runs/digits-abc123/stop", {}, content_type="text/plain"),
        415,
    ),
    "a POST to a page": (lambda b: b.post("/", {}), 405),
    "an address without end": (lambda b: b.get("/?text=" + "a" * 5000), 414),
    "a path out of the folder": (lambda b: b.get("/runs/../../etc/passwd"), 404),
    "a run out of the folder": (lambda b: b.get("/runs/..%2f..%2fetc"), 404),
    "a run that is none": (lambda b: b.get("/runs/.."), 404),
    "a run with a NUL": (lambda b: b.get("/runs/digits-abc123\0"), 404),
    "a run that is not there": (lambda b: b.get("/runs/digits-abc123"), 404),
    "its log": (lambda b: b.get("/runs/digits-abc123/lines?task=../../../etc/passwd"), 404),
    "its end": (lambda b: b.post("/runs/digits-abc123/stop", {"secret": "x"}), 404),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_answer_to_each_way_in(browser: Browser, way: str) -> None:
    ask, status = WAYS[way]
    answered = ask(browser)
    assert answered.status == status, answered.text
    assert_closed(answered)
    assert "set-cookie" not in dict(answered.headers)
    assert browser.door.host not in answered.text + str(answered.headers), "the own name is told to nobody"


def assert_closed(answered: Answered) -> None:
    """What every answer says, whatever it is."""
    headers = dict(answered.headers)
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert (policy["default-src"], policy["frame-ancestors"], policy["base-uri"]) == ("'none'",) * 3
    assert policy["form-action"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not any(name.startswith("access-control-") for name in headers)


def test_two_hosts_are_none(browser: Browser) -> None:
    """A proxy might go by the one and we by the other."""
    cookie = (b"cookie", browser.cookie.encode())
    for hosts, status in (((HOST,), 200), ((HOST, "evil.example"), 421), ((HOST, HOST), 421)):
        assert _with_headers(browser, [*((b"host", host.encode()) for host in hosts), cookie]) == status, hosts


def _with_headers(browser: Browser, headers: list[tuple[bytes, bytes]]) -> int:
    async def doubled(scope: object, receive: object, send: object) -> None:
        await browser.guard({**scope, "headers": headers}, receive, send)  # type: ignore[dict-item, arg-type]

    return call(doubled, "GET", "/").status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param("secret=" + "a" * FORM_BYTES, 413, id="too long"),
        pytest.param("&".join("a=b" for _ in range(40)), 400, id="too many fields"),
        pytest.param("nothing", 400, id="no form"),
        pytest.param("secret=\xe4", 400, id="other letters"),
    ],
)
def test_a_body_that_is_no_form_of_ours(browser: Browser, body: str, status: int, a_known_run: str) -> None:
    path = f"/runs/{a_known_run}/stop"
    assert call(browser.guard, "POST", path, {"cookie": browser.cookie, **FORM}, body).status == status


@pytest.fixture
def a_known_run(state: Path) -> str:
    from tests.lifecycle.record.test_record import a_record
    from tfinfra.lifecycle.record.run_record import run_folder

    run_folder(state, "digits-abc123").write(a_record("digits-abc123", phase="deleted", client=None))
    return "digits-abc123"


def test_a_fault_of_ours_is_a_page_and_no_traceback(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError("<b>odd</b>")

    monkeypatch.setattr("tfinfra.ui.runs_table.Wanted.rows", broken)
    answered = browser.get("/")
    assert (answered.status, "RuntimeError: &lt;b&gt;odd&lt;/b&gt;" in answered.text) == (500, True)
    assert "Traceback" not in answered.text
    assert_closed(answered)


def test_no_more_than_sixteen_browsers_are_in(tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    first = browser.enter().cookie
    for _ in range(16):
        browser.enter()
    assert (browser.get("/", cookie=first).status, browser.get("/").status) == (403, 200)
    assert ORIGIN in browser.door.numbered_address
