"""Every verb on a store that is a folder, written by hand from end to end: whatever lies at a record's place, and
whatever lies beside it, no verb waits for it, follows it, fails by it or shows what is the host's."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.attacks import ATTACKS, obeyed
from tests.lifecycle.attach.test_unreadable import AZURE, EVIL, GOOD, PAST, TOLD_BY_STATUS, WHOLE
from tests.lifecycle.fakes import World, succeeding
from tests.system.test_strange_trees import chain
from tfinfra.azure.deletion.group_names import run_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.cli.runs import down, fetch, list_runs, logs, status
from tfinfra.errors import TfinfraError
from tfinfra.lifecycle.attach import find_run
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.store import MemoryStore, keys, open_store
from tfinfra.system.strange_trees import remove_tree

SECRET = "a word of the host"
LIMIT = 20
"""Seconds, after which a verb has waited for somebody."""


def at(here: Path, key: str) -> Path:
    """The place of a key, with nothing there."""
    path = here / key
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        path.unlink()
    elif path.is_dir():
        remove_tree(path)
    return path


def hosts(here: Path) -> Path:
    return here.parent.parent / "host"


def listen(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        back = Path.cwd()
        os.chdir(path.parent)  # a socket's path is short
        listening.bind(path.name)
        os.chdir(back)


def device(path: Path) -> None:
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        path.symlink_to("/dev/zero")


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


INSTEAD: dict[str, Callable[[Path, Path], object]] = {
    "a folder": lambda path, host: path.mkdir(),
    "a folder with something in it": lambda path, host: (path / "run.json" / "deep").mkdir(parents=True),
    "a pipe": lambda path, host: os.mkfifo(path),
    "a socket": lambda path, host: listen(path),
    "a device": lambda path, host: device(path),
    "a link to the host's file": lambda path, host: path.symlink_to(host / "secret.json"),
    "a link to the host's folder": lambda path, host: path.symlink_to(host),
    "a link to itself": lambda path, host: path.symlink_to(path.name),
    "a link to nothing": lambda path, host: path.symlink_to("nothing"),
    "a link to a device": lambda path, host: path.symlink_to("/dev/zero"),
    "a gigabyte": lambda path, host: sparse(path),
    "a record after a BOM": lambda path, host: path.write_bytes(b"\xef\xbb\xbf" + b'{"task": "rank-0"}'),
    "escapes": lambda path, host: path.write_text(json.dumps({"result": "".join(ATTACKS.values())})),
}
PLACES = (*TOLD_BY_STATUS, keys.WATCH, keys.STOP, keys.COLLECTING, "tasks", "logs", "logs/rank-0", "control")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that is the store of EVIL, which has expired, beside an innocent run's."""
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "secret.json").write_text(json.dumps({"message": SECRET}))
    world = World(tmp_path)
    world.groups = {f"tfinfra-{run}-{part}": {} for run in (EVIL, GOOD) for part in ("keep", "compute")}
    world.running = 0
    for run in (EVIL, GOOD):
        for key, data in WHOLE.items():
            open_store((tmp_path / "stores" / run).as_uri()).put(key, data)

    def ports() -> Ports:
        return replace(world.ports(), open_store=open_store)

    def groups() -> tuple[RunGroup, ...]:
        return tuple(RunGroup(name, run_of_group(name) or "", PAST, "me") for name in world.groups)

    def store_of(group: str) -> str:
        return (tmp_path / "stores" / str(run_of_group(group))).as_uri()

    monkeypatch.setattr(world.arm, "groups", groups)
    monkeypatch.setattr(world.arm, "store_of", store_of)
    monkeypatch.setattr(find_run, "ports_at", lambda place: ports())
    monkeypatch.setattr("tfinfra.lifecycle.attach.living.soon", lambda listing: 0.0)
    yield tmp_path / "stores" / EVIL
    remove_tree(tmp_path / "stores")


def waited(number: int, frame: object) -> None:
    raise AssertionError(f"it has waited for {LIMIT} s")


def told(capsys: pytest.CaptureFixture[str], command: Any, *words: str) -> tuple[int, str]:
    """The exit code of a verb, and all that it printed, in time."""
    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(LIMIT)
    try:
        code, message = command.main([*words, *AZURE], standalone_mode=False), ""
    except TfinfraError as error:
        code, message = error.exit_code, f"\n  {error.message}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    said = capsys.readouterr()
    text = said.out + said.err + message
    assert SECRET not in text
    assert obeyed(said.out) == obeyed(said.err) == []
    return code, text


def through_every_verb(
    here: Path, capsys: pytest.CaptureFixture[str], *, fetched: tuple[int, ...] = (0,), logged: tuple[int, ...] = (0,)
) -> str:
    """All that was printed; `fetched` and `logged` are the exit codes that `fetch` and `logs` may have."""
    texts = []
    for verb, words in (
        (list_runs, ()),
        (list_runs, ("--json",)),
        (status, (EVIL,)),
        (status, (EVIL, "--json")),
        (logs, (EVIL,)),
        (logs, (EVIL, "--follow")),
        (logs, (EVIL, "--json")),
    ):
        code, said = told(capsys, verb.command, *words)
        assert code in (logged if verb is logs else (0,)), said
        texts.append(said)
    assert all(GOOD in said for said in texts[:2])
    code, said = told(capsys, fetch.command, EVIL)
    assert code in fetched, said
    texts.append(said)
    code, said = told(capsys, down.command, "--expired", "--yes")
    assert code == 0, said
    for path in Path("runs").rglob("*"):
        assert path.is_dir() or (stat.S_ISREG(path.lstat().st_mode) and SECRET not in path.read_text(errors="replace"))
    assert [(p.name, SECRET in p.read_text()) for p in hosts(here).iterdir()] == [("secret.json", True)]
    return "".join(texts)


@pytest.mark.parametrize("place", PLACES)
def test_what_lies_in_a_records_place_stops_no_verb(place: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What waits for somebody, or leads away, in one place."""
    for what in ("a link to the host's folder", "a pipe"):
        INSTEAD[what](at(here, place), hosts(here))
        for verb in (status, logs):
            code, said = told(capsys, verb.command, EVIL)
            assert code == 0, said
    INSTEAD["a socket"](at(here, place), hosts(here))
    through_every_verb(here, capsys)


@pytest.mark.parametrize("what", INSTEAD)
def test_what_lies_in_every_records_place_stops_no_verb(
    what: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for place in PLACES:
        if "/" in place or place.endswith(".json"):
            INSTEAD[what](at(here, place), hosts(here))
    through_every_verb(here, capsys, logged=(0, 2))


ODD_NAMES = {
    "names that lead out": ["outputs/outputs/%2e%2e/%2e%2e/up", "outputs/%2e%2e/up", "outputs/outputs/%2Fetc%2Fup"],
    "no name": ["outputs/outputs/%00", "outputs/outputs/a%00b", "outputs/%2e", "outputs/outputs/a%2f%2fb"],
    "what a terminal obeys": [f"outputs/outputs/{name}" for name in ("%1b]0;pwned%07", "%0a::error::x", "%c2%9b2J")],
    "what a terminal obeys, as it stands": [
        "outputs/outputs/a\x1b[2J",
        "tasks/a\n::error::x.json",
        "logs/\x1b[2J/0.log",
    ],
    "letters that turn, or hide": [
        "outputs/outputs/a%e2%80%aeb",
        "tasks/\u202e\u200b.json",
        "logs/\u3164/00000000.log",
    ],
    "one name in two cases": [
        "outputs/outputs/MODEL/weights.h5",
        "outputs/outputs/Model/WEIGHTS.h5",
        "tasks/RANK-0.json",
    ],
    "one name in two forms": [
        "outputs/outputs/e%cc%81",
        "outputs/outputs/%c3%a9",
        "tasks/e\u0301.json",
        "tasks/é.json",
    ],
    "names of another system": [
        f"outputs/outputs/{name}" for name in ("CON", "nul.txt", "a.", "a ", "c:x", "a%5cb", "COM1")
    ],
    "names that are long": [
        f"outputs/outputs/{'x' * 255}",
        f"tasks/{'y' * 250}.json",
        f"logs/{'z' * 250}/00000000.log",
    ],
    "a path that is long": ["outputs/outputs/" + "/".join(["d" * 100] * 33)],
    "names of files that are being written": ["outputs/outputs/a#1", "tasks/a#7", "run.json#1", ".part", "x.part"],
    "a file that is a folder too": ["outputs/outputs/a%2fb", "outputs/outputs/a"],
    "tfinfra's own names": ["outputs/.tfinfra-incoming/x", "outputs/outputs/.tfinfra-incoming/x", "outputs/run.json"],
    "files where folders are": ["outputs/up", "logs/up", "heartbeats/up", "boot/up", "nodes/up", "inbox/up"],
    "logs of nobody": ["logs/../up", "logs/%2e%2e/00000000.log", "logs/rank-0/x.log", "logs/rank-0/99999999.log"],
    "thousands": [f"tasks/t{number}.json" for number in range(3000)] + [f"boot/b{n}.json" for n in range(1000)],
    "attempts of nobody": ["attempt-1/run.json", "attempt-1/outcome.json", "attempt-99/outputs/outputs/x"],
}


@pytest.mark.parametrize("what", ODD_NAMES)
def test_what_lies_beside_the_records_stops_no_verb(what: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ODD_NAMES[what]:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            path.write_text("pwned")
    through_every_verb(here, capsys, fetched=(0, 10))
    came = {str(path.relative_to("runs")): path for path in Path("runs").rglob("*") if path.is_file()}
    assert came[f"{EVIL}/outputs/model/weights.h5"].read_bytes() == b"weights"
    assert came[f"{EVIL}/tasks/rank-0.log"].read_text().startswith("step 1")
    assert not [name for name in came if not name.startswith(f"{EVIL}/")]
    assert not any(ord(letter) < 32 for name in came for letter in name)


def test_folders_without_end_or_entry_stop_no_verb(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in ("outputs/outputs/deep", "tasks/deep", "logs/deep", "deep"):
        chain(here / place)
    for place in ("outputs/outputs/closed", "tasks/closed", "logs/closed", "closed"):
        (here / place / "inner").mkdir(parents=True)
        (here / place).chmod(0)
    for place in ("outputs/outputs/out", "tasks/out", "logs/out", "out"):
        (here / place).symlink_to(hosts(here))
    through_every_verb(here, capsys)


@pytest.mark.parametrize("what", INSTEAD)
def test_what_a_script_puts_into_its_store_ends_no_run_that_is_watched(what: str, tmp_path: Path) -> None:
    folder = tmp_path / "stores" / "run"
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "secret.json").write_text(json.dumps({"message": SECRET}))

    def nodes(store: MemoryStore) -> None:
        for place in (*("tasks/evil.json", "heartbeats/evil.json", "boot/evil.json", "nodes/evil.json"), keys.STOP):
            INSTEAD[what](at(folder, place), hosts(folder))
        INSTEAD[what](at(folder, keys.INVENTORY), hosts(folder))
        INSTEAD[what](at(folder, keys.log_key("rank-1", 0)), hosts(folder))
        succeeding(store)

    world = World(tmp_path, nodes)
    world.store = open_store(folder.as_uri())  # type: ignore[assignment]
    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(LIMIT)
    try:
        result = world.new_run().go()
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    assert (result.error, world.groups) == (None, {})
    assert SECRET not in "".join(world.observer.lines)
    for path in (tmp_path / "runs").rglob("*"):
        assert path.is_dir() or (path.is_file() and SECRET not in path.read_text(errors="replace"))
    remove_tree(tmp_path / "stores")
