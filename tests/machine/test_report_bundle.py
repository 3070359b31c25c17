"""The report of a failure: what is in it, and what is searched for in it and must not be found."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.lifecycle.fakes import TARGET, World, a_plan
from tfinfra.errors import (
    Diagnostic,
    LimitReached,
    ManifestError,
    NotFeasible,
    ProvisioningError,
    Severity,
    TrainingFailed,
    UsageError,
)
from tfinfra.lifecycle.record.last_failure import command_line, note_failure, read_last
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.machine.doctor import CheckResult
from tfinfra.machine.report import allowed
from tfinfra.machine.report.anonymous import Names
from tfinfra.machine.report.bundle import write_bundle
from tfinfra.machine.report.known import names
from tfinfra.model import Access

RUN = "digits-abc123"
SUBSCRIPTION = "5ub5c71b-c0de-4a11-8b22-0123456789ab".replace("u", "a")
TENANT, OBJECT = "7e4a47aa-1111-4222-8333-444444444444", "0b7ec7aa-5555-4666-8777-888888888888"
MAIL, ACCOUNT, HOST, USER = "grace.hopper@navy.example", "hopperdata42", "cobol-laptop-7", "ghopper"
SECRET, PARAMETER, VARIABLE = "s3cr3t-value-of-hub", "--private-corpus-name", "variable-value-zork"
SAS = "c2lnbmF0dXJlLW9mLXNhcw%3D%3D"
JWT = "eyJ0eXAiOiJKV1QifQ.eyJvaWQiOiJjYW5hcnkifQ.c2lnbmF0dXJl"
HUB = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/hopper-hub"
SUBNET = f"{HUB}/providers/Microsoft.Network/virtualNetworks/flow-matic/subnets/univac-one"
ADDRESS, PRINTED = "203.0.113.77", "what the script printed: nanosecond"
CANARIES = {
    "subscription": SUBSCRIPTION,
    "tenant": TENANT,
    "object id": OBJECT,
    "mail": MAIL,
    "host": HOST,
    "user": USER,
    "home": f"/home/{USER}",
    "account": ACCOUNT,
    "secret": SECRET,
    "script_params": PARAMETER,
    "environment_variables": VARIABLE,
    "SAS": SAS,
    "token": JWT,
    "subnet": "univac-one",
    "network": "flow-matic",
    "group": "hopper-hub",
    "address": ADDRESS,
    "script output": PRINTED,
}
SAID = (
    f"The client '{MAIL}' with object id '{OBJECT}' in tenant {TENANT.upper()} has no authorization over scope "
    f"'{SUBNET}' "
    f"(https://{ACCOUNT}.blob.core.windows.net/runs?sv=1&sig={SAS}) from {ADDRESS} on {HOST} with Bearer {JWT}; "
    f"see https://portal/#{quote(SUBNET, safe='')}?u={quote(MAIL)} and {base64.b64encode(SUBNET.encode()).decode()} "
    f"also {base64.b64encode(b'x' + MAIL.encode()).decode()} {SUBNET.upper()} /home/{USER}/work/a.py "
    f"{SECRET} {PARAMETER} "
    f"{VARIABLE.upper()} {quote(SECRET)} {base64.b64encode(('is ' + SECRET).encode()).decode()}"
)


@pytest.fixture
def failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The state folder of a run that ARM refused, whose every text holds every canary."""
    state = tmp_path / "state"
    for name, value in {
        "TFINFRA_STATE_DIR": str(state),
        "USER": USER,
        "HUB_TOKEN": SECRET,
        "HOME": f"/home/{USER}",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.gethostname", lambda: HOST)
    plan = a_plan(secrets=("HUB_TOKEN",), arguments=(PARAMETER, "x"), environment_variables={"ZORK": VARIABLE})
    made = replace(
        plan.infrastructure, subnet_id=SUBNET, tags={"team": "flow-matic"}, access=Access(identity_id=SUBNET)
    )
    target = replace(
        TARGET,
        cloud="azure",
        subscription_id=SUBSCRIPTION,
        subnet_id=SUBNET,
        store=f"https://{ACCOUNT}.blob.core.windows.net/runs",
    )
    refused = ProvisioningError(
        f"RoleAssignment 'r': {SAID}", "look", status=403, code="AuthorizationFailed", said=SAID
    )
    world = World(tmp_path, faults={"up compute": refused})
    result = world.new_run(replace(plan, infrastructure=made), target=target).go()
    folder = run_folder(state, RUN)
    folder.update(owner=MAIL, message=f"rank-1 ended with exit status 7: {PRINTED}\n    {PRINTED}")
    folder.audit.append("refused", message=SAID, code="AuthorizationFailed", unheard_of=SAID)
    nodes, tasks = Path(folder.read().results) / "nodes", Path(folder.read().results) / "tasks"  # type: ignore[union-attr]
    nodes.mkdir(parents=True, exist_ok=True)
    tasks.mkdir(exist_ok=True)
    own = f"2026-11-29T15:05:00Z INFO this is node 0 of 2: hostname='{HOST}', address='10.0.0.4' {SAID}\n"
    setup = f"2026-11-29T15:05:01Z INFO running setup.sh\n{PRINTED}\n2026-11-29T15:05:01Z INFO {PRINTED}\n"
    end = "2026-11-29T15:05:02Z INFO setup.sh ended with 0\n2026-11-29T15:05:03Z INFO rank-0 is running\n"
    (nodes / "agent-0.log").write_text(
        own + setup + end + f"2026-11-29T15:05:04Z ERROR it ended with exit status 1: {PRINTED}\n"
    )
    (nodes / "mpirun-0.log").write_text(PRINTED)
    (tasks / "rank-0.log").write_text(f"{PRINTED} {SECRET} {MAIL}\n")
    assert result.error is not None
    note_failure(refused, ["up", "train.yaml", f"--target={SUBSCRIPTION}"], RUN)
    yield state


def checklist() -> list[CheckResult]:
    return [
        CheckResult("python", "ok", f"3.11, /home/{USER}/venv/bin/python"),
        CheckResult("state folder", "ok", str(Path.cwd())),
    ]


def bundle(state: Path, run: str | None = None, **options: Any) -> dict[str, str]:
    path = write_bundle(run, state.parent / "report.tar.gz", state, checklist, os.environ, **options)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with tarfile.open(path) as tar:
        assert {(m.uid, m.uname, m.mtime) for m in tar.getmembers()} == {(0, "", 0)}
        members = {m.name.partition("/")[2]: tar.extractfile(m) for m in tar.getmembers()}
        return {name: file.read().decode() for name, file in members.items() if file}


def forms(canary: str) -> set[str]:
    """The ways in which a canary may still be there, in lower case."""
    raw = canary.encode()
    coded = {base64.b64encode(b"\0" * n + raw).decode()[4 : (len(raw) + n) // 3 * 4] for n in range(3)}
    return {form.lower() for form in {canary, canary.upper(), quote(canary, safe=""), *coded} if len(form) > 3}


def found(texts: dict[str, str]) -> list[str]:
    whole = "\n".join([*texts, *texts.values()]).lower()
    return [name for name, canary in CANARIES.items() if any(form in whole for form in forms(canary))]


def test_no_canary_is_in_it(failed: Path) -> None:
    texts = bundle(failed)
    assert found(texts) == []
    assert set(texts) == {
        *("last.json", "run.json", "plan.json", "events.jsonl", "nodes/agent-0.log"),
        *("doctor.json", "versions.json", "report.json"),
    }


def test_with_logs_the_scripts_output_is_in_it_and_nothing_else_of_the_canaries(failed: Path) -> None:
    texts = bundle(failed, RUN, with_logs=True)
    assert found(texts) == ["script output"]
    assert PRINTED in texts["tasks/rank-0.log"]
    assert PRINTED in texts["nodes/mpirun-0.log"]
    assert "***" in texts["tasks/rank-0.log"]


def test_what_a_maintainer_needs_is_in_it(failed: Path) -> None:
    texts = bundle(failed)
    last, run = json.loads(texts["last.json"]), json.loads(texts["run.json"])
    assert (last["exit_code"], last["arm"]["code"], last["arm"]["status"]) == (6, "AuthorizationFailed", 403)
    assert last["command"] == ["up", "--target"]
    assert "has no authorization over scope '/subscriptions/" in last["message"]
    assert (run["phase"], run["target"]["vm_size"], run["target"]["brings"]["subnet_id"]) == (
        "incomplete",
        "Standard_D8s_v5",
        True,
    )
    assert json.loads(texts["plan.json"])["infrastructure"]["of_others"]["subnet_id"] is True
    events = [json.loads(line) for line in texts["events.jsonl"].splitlines()]
    assert {"keep.begin", "compute.fail", "refused"} <= {event["event"] for event in events}
    assert all("unheard_of" not in event for event in events)
    log = texts["nodes/agent-0.log"].splitlines()
    assert [line[21:] for line in log[1:]] == [
        "INFO running setup.sh",
        "INFO setup.sh ended with 0",
        "INFO rank-0 is running",
        "ERROR it ended with exit status 1",
    ]
    assert json.loads(texts["versions.json"])["tfinfra"]


def test_the_same_name_is_the_same_word_everywhere(failed: Path) -> None:
    texts = bundle(failed)
    words = {name: text.partition("has no authorization over scope '")[2].split("'")[0] for name, text in texts.items()}
    told = {words[name] for name in ("last.json", "events.jsonl", "nodes/agent-0.log")}
    assert len(told) == 1
    assert told.pop().startswith("/subscriptions/")


def test_a_name_that_one_text_shows_is_found_in_the_others() -> None:
    names = Names()
    names.learn(
        "https://hopperdata42.blob.core.windows.net/x and /home/ghopper/x by \\\\u0027grace@navy.example\\\\u0027"
    )
    assert names.without("HopperData42 of ghopper: grace@navy.example") == "storage-1 of user-1: mail-1"


def test_what_is_short_is_found_where_it_stands_alone() -> None:
    names = Names(known={"user": ["ada"]}, secrets=["hush"])
    told = r"ada's canada, \u0027ada\u0027, ADA_x, %61da, hush"
    assert names.without(told) == "user-1's canada, 'user-1', user-1_x, user-1, ***"


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


BROKEN: dict[str, Callable[[Path], object]] = {
    "a record that was cut": lambda folder: (folder / "run.json").write_text('{"run": "digits'),
    "a record that is none": lambda folder: (folder / "run.json").write_text("[1]"),
    "a record of odd types": lambda folder: (folder / "run.json").write_text(
        '{"target": 7, "attempts": 5, "times": "x"}'
    ),
    "a plan that is none": lambda folder: (folder / "deploy" / "plan.json").write_text(
        '{"tasks": 3, "requirements": []}'
    ),
    "events of rubbish": lambda folder: (folder / "events.jsonl").write_bytes(b"\xff\xfe{\n{}\n7\n"),
    "an empty folder": empty,
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_run_has_a_report_too(case: str, failed: Path) -> None:
    BROKEN[case](failed / "runs" / RUN)
    texts = bundle(failed, RUN)
    assert "versions.json" in texts
    assert found(texts) == []


def test_before_any_run_the_last_failure_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    message = f"the subscription {SUBSCRIPTION} is not registered"
    error = NotFeasible(message, None, (Diagnostic("TFI614", Severity.ERROR, message),))
    note_failure(error, ["plan", "--live", "secret-name.yaml"])
    assert stat.S_IMODE((tmp_path / "state" / "last.json").stat().st_mode) == 0o600
    texts = bundle(tmp_path / "state")
    last = json.loads(texts["last.json"])
    assert (last["message"], last["command"]) == ("the subscription guid-1 is not registered", ["plan", "--live"])
    assert last["diagnostics"] == [{"code": "TFI614", "severity": "error", "message": last["message"]}]
    assert "run.json" not in texts


def test_nothing_to_report(tmp_path: Path) -> None:
    for run in (None, "digits", "../..", ".."):
        with pytest.raises(UsageError):
            write_bundle(run, None, tmp_path, checklist, {})


def test_a_file_that_cannot_be_written(failed: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        write_bundle(None, Path("/proc/none/report.tar.gz"), failed, checklist, {})


def test_what_the_user_wrote_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path))
    note_failure(
        ManifestError("unknown value 'zork'", "x", (Diagnostic("TFI205", Severity.ERROR, "unknown value 'zork'"),)), []
    )
    assert "zork" not in (tmp_path / "last.json").read_text()
    for kind in (TrainingFailed, LimitReached):
        note_failure(kind("rank-1 ended with exit status 7\n    zork"), [])
        assert "zork" not in (tmp_path / "last.json").read_text()
    assert command_line(["--json", "up", "zork.yaml", "--target=zork", "--target", "zork"]) == [
        "up",
        "--json",
        "--target",
        "--target",
    ]
    (tmp_path / "last.json").write_text("{")
    assert read_last(tmp_path) is None


WORDS = {
    "two subscriptions": (
        f"/subscriptions/{TENANT} /subscriptions/{OBJECT}",
        "/subscriptions/subscription-1 /subscriptions/subscription-2",
    ),
    "a guid in two spellings": (f"{TENANT} {TENANT.upper()} {TENANT.replace('-', '')}", "guid-1 guid-1 guid-1"),
    "addresses that are everybody's": ("127.0.0.1 169.254.169.254 10.1.2.3", "127.0.0.1 169.254.169.254 ip-1"),
    "a home folder on a Mac": ("/Users/ada/train.py", "/Users/user-1/path-1"),
    "a home folder on Windows": (r"C:\Users\ada\train.py", r"C:\Users\user-1\path-1"),
    "an account key": ("AccountKey=abc123+/==;x", "AccountKey=***;x"),
    "a password in a URL": ("https://ada:pa55@host/x", "https://***@host/x"),
    "a folder of one's own": ("in /data/ada/corpus now", "in path-1 now"),
    "a folder of the system": ("/usr/bin/python", "/usr/bin/python"),
    "a size and a region": ("Standard_D2s_v5 in eastus", "Standard_D2s_v5 in eastus"),
    "a SHA-256": ("a" * 64, "a" * 64),
    "an address of IPv6": ("2001:db8:0:0:1:2:3:4", "ip-1"),
    "encoded twice": ("ada%2540navy.example", "mail-1"),
    "JSON within JSON": (r"\u0027ada@navy.example\u0027", "'mail-1'"),
    "JSON in Base64": (base64.b64encode(b'{\n "upn": "ada@navy.example"\n}').decode(), "base64-removed"),
    "a resource in upper case": ("/PROVIDERS/MICROSOFT.WEB/SITES/ADA", "/PROVIDERS/MICROSOFT.WEB/SITES/resource-1"),
    "a private key": ("x -----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY----- y", "x *** y"),
    "a guest": ("ada_navy.example#EXT#@contoso.onmicrosoft.com", "mail-1"),
    "a time": ("2026-11-29T15:05:00Z", "2026-11-29T15:05:00Z"),
}


@pytest.mark.parametrize(("text", "expected"), WORDS.values(), ids=WORDS)
def test_words_for_names(text: str, expected: str) -> None:
    assert Names().without(text) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://canaryhost.corp.zone/x?sig=a",
        "https://u:pw@canaryhost.corp.zone:8443/x",
        "see s3://canaryhost.corp.zone",
    ],
)
def test_the_host_of_a_url_that_the_manifest_gave_is_no_ones_to_read(url: str) -> None:
    """An error of a connection names the host alone."""
    found = names({}, {}, {"environment_variables": {"MODEL": url}}, {})
    assert "canaryhost" not in found.without("no way to canaryhost.corp.zone: name resolution")


def test_of_a_tune_is_said_how_it_searches_and_nothing_that_the_user_named() -> None:
    tune = {
        "sampling": "random",
        "parameter_space": {"--zork": {"kind": "choice", "arguments": ["zork"]}},
        "primary_metric_name": "zork",
        "policy": {"kind": "bandit", "slack_factor": 0.1, "slack_amount": None},
        "resume_from": ["zork-x7k2pq"],
    }
    shown = allowed.plan({"tune": tune, "pool": {"trials_at_once": 4}})["tune"]
    assert "zork" not in json.dumps(shown)
    assert (shown["expressions"], shown["policy"]["kind"], shown["pool"]) == (
        [{"kind": "choice"}],
        "bandit",
        {"trials_at_once": 4},
    )
    assert allowed.plan({"tune": ["zork"]})["tune"] == {}
