"""Lets a schedule's faults strike a run."""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from bench.schedules import MOMENTS, Fault
from bench.trial import FILES, Trial, processes_of

_WORDS = {
    "task": "train.py",
    "agent": "-m tfinfra.agent",
    "agents": "-m tfinfra.agent",
    "supervisor": "tfinfra.localcloud.machines.supervisor",
    "server": "tfinfra.localcloud.daemon",
    "guardian": "tfinfra.localcloud.daemon",
    "cloud": "tfinfra.localcloud.daemon",
    "plugin": "tfinfra.localcloud.plugin",
    "engine": "tfinfra.engine.host",
    "mpirun": "mpirun",
    "prted": "prted",
}


def strike_all(trial: Trial, began: float) -> None:
    for fault in trial.schedule.faults:
        if not _await_moment(trial, fault, began):
            return
        with suppress(psutil.Error, OSError):
            if _strike(trial, fault):
                trial.struck.append((time.time(), fault))


def _await_moment(trial: Trial, fault: Fault, began: float) -> bool:
    """Whether the run still goes on at the fault's moment."""
    last = f"-{FILES - 1}"
    begun: dict[str, Callable[[], bool]] = {
        "start": lambda: True,
        "training": lambda: bool(trial.written()),
        "end": lambda: any(name.endswith(last) for name in trial.written()),
    }
    assert trial.client is not None and set(begun) == set(MOMENTS)
    since = began if fault.moment == "start" else None
    while trial.client.poll() is None:
        if since is None and begun[fault.moment]():
            since = time.time()
        if since is not None and time.time() >= since + fault.after:
            return True
        time.sleep(0.05)
    return False


def _strike(trial: Trial, fault: Fault) -> bool:
    """Whether there was anything to hit. What passes is over when this returns."""
    act = fault.kind.act
    if act in ("down", "fetch", "status"):
        return bool(trial.run) and _beside(trial, act)
    if act == "store":
        return _store_away(trial, fault.seconds)
    if act == "full":
        return trial.small_disk and _fill(trial, fault.seconds)
    if not fault.kind.victim:
        return _answer_badly(trial, fault)
    victims = _victims(trial, fault)
    for victim in victims:
        victim.send_signal(signal.SIGSTOP if act in ("FREEZE", "STOP") else signal.Signals[f"SIG{act}"])
    if act == "FREEZE" and victims:
        time.sleep(fault.seconds)
        for victim in victims:
            with suppress(psutil.Error):
                victim.send_signal(signal.SIGCONT)
    return bool(victims)


def _victims(trial: Trial, fault: Fault) -> list[psutil.Process]:
    assert trial.client is not None
    if fault.kind.victim == "client":
        return [psutil.Process(trial.client.pid)]
    found = sorted(processes_of(trial, _WORDS[fault.kind.victim]), key=lambda p: p.create_time())
    if fault.kind.victim in ("agents", "cloud"):
        return found
    if fault.kind.victim == "guardian":
        return found[:1]
    if fault.kind.victim == "server":
        return found[1:2]
    return [found[int(fault.pick * len(found))]] if found else []


def _beside(trial: Trial, verb: str) -> bool:
    """The verb from another terminal, while the run goes on."""
    with (trial.folder / f"beside-{verb}.log").open("wb") as log:
        code = trial.wait(trial.start(verb, trial.run, out=log), f"{verb} from another terminal")
    trial.told += f"$ {verb} (another terminal): {code}\n"
    trial.told += (trial.folder / f"beside-{verb}.log").read_text(errors="replace")
    return True


def _store_away(trial: Trial, seconds: float) -> bool:
    stores = [path.parent for path in trial.state.glob("cloud/**/bundle") if path.is_dir()]
    for store in stores:
        away = store.with_name(store.name + ".away")
        store.rename(away)
        time.sleep(min(seconds, 8.0))
        if not store.exists():
            away.rename(store)
        else:  # somebody wrote meanwhile: both are the store
            shutil.copytree(away, store, dirs_exist_ok=True)
            shutil.rmtree(away)
    return bool(stores)


def _fill(trial: Trial, seconds: float) -> bool:
    filler = trial.state / "filler"
    with filler.open("wb", buffering=0) as out, suppress(OSError):
        while True:
            out.write(bytes(1 << 16))
    time.sleep(seconds)
    filler.unlink()
    return True


def _answer_badly(trial: Trial, fault: Fault) -> bool:
    from tfinfra.localcloud.common.state_folder import Layout
    from tfinfra.localcloud.daemon.daemon_client import call, running_daemon

    endpoint = running_daemon(Layout(trial.state / "cloud"))
    if endpoint is None:
        return False
    act = fault.kind.act
    how: dict[str, Any] = {"kind": act, "seconds": fault.seconds} if act == "lag" else {"kind": act}
    if act.isdigit():
        how = {"kind": "status", "status": int(act), "retry_after": 1}
    call(endpoint, "POST", "faults", {**how, "count": 1 + int(fault.pick * 4)})
    return True
