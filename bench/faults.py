"""`python -m bench.faults SEED[-SEED]`: real runs on the local cloud's process machines, with faults at random moments,
and what must hold whatever strikes. It is no benchmark: what does not hold is printed, and the exit status is 1."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from bench.common import tell, tfinfra_command
from bench.schedules import MOMENTS, PLANS, Fault, Schedule, schedule

BOUND = 180.0
"""Seconds that a run, and each command after it, may take: the training takes 5, a node is waited for 30."""
FILES = 8
_SCRIPT = """
import os, time
own = "rank-" + os.environ["OMPI_COMM_WORLD_RANK"] if "OMPI_COMM_WORLD_RANK" in os.environ else None
if own is None:
    import json
    task = json.loads(os.environ.get("TF_CONFIG", "{{}}")).get("task", {{"type": "main", "index": 0}})
    own = "%s-%s" % (task["type"], task["index"])
for n in range({files}):
    name = "%s-%d" % (own, n)
    with open("outputs/" + name, "w") as out:
        out.write(name * 1000)
    with open({ledger!r}, "a") as ledger:
        ledger.write(name + "\\n")
    print("wrote", name, flush=True)
    time.sleep(0.6)
print("done", flush=True)
if own.startswith("ps"):
    time.sleep(600)
"""
_WORDS = {
    "task": "train.py",
    "agent": "-m tfinfra.agent",
    "agents": "-m tfinfra.agent",
    "supervisor": "tfinfra.localcloud.machines.supervisor",
    "server": "tfinfra.localcloud.daemon",
    "guardian": "tfinfra.localcloud.daemon",
    "cloud": "tfinfra.localcloud.daemon",
    "plugin": "tfinfra.localcloud.plugin",
    "engine": "tfinfra.lifecycle.engine_host",
    "mpirun": "mpirun",
    "prted": "prted",
}


@dataclass
class Trial:
    """One schedule's run, in a folder of its own. `told` is all that any command said, `struck` what hit something and
    when (Unix seconds)."""

    schedule: Schedule
    folder: Path
    client: subprocess.Popen[bytes] | None = None
    told: str = ""
    struck: list[tuple[float, Fault]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger"

    @property
    def run(self) -> str:
        """ "" until it has a name."""
        return next((path.name for path in (self.state / "runs").glob("*")), "")

    def written(self) -> list[str]:
        return self.ledger.read_text().split() if self.ledger.exists() else []

    def start(self, *arguments: str, out: Any = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        variables = {**os.environ, "TFINFRA_STATE_DIR": str(self.state), "NO_COLOR": "1"}
        argv = [*tfinfra_command(), *arguments]
        return subprocess.Popen(argv, cwd=self.folder, env=variables, stdout=out, stderr=out, start_new_session=True)

    def command(self, *arguments: str) -> int:
        """Its exit status; one that hangs is ended and wrong. What it said is added to `told`."""
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            process = self.start(*arguments, out=log)
        code = self.wait(process, arguments[0])
        self.told += f"$ {' '.join(arguments)}\n" + (self.folder / f"{arguments[0]}.log").read_text(errors="replace")
        return code

    def wait(self, process: subprocess.Popen[bytes], name: str) -> int:
        try:
            return process.wait(BOUND)
        except subprocess.TimeoutExpired:
            self.wrong.append(f"{name} hangs: it had not ended after {BOUND:.0f} s")
            process.kill()
            return process.wait()


def try_one(plan: Schedule, folder: Path) -> Trial:
    """Makes the run, strikes it, cleans up as a person would, and looks at what is left."""
    trial = Trial(plan, folder)
    trial.state.mkdir(mode=0o700)
    (folder / "train.py").write_text(_SCRIPT.format(files=FILES, ledger=str(trial.ledger)))
    (folder / "m.yaml").write_text(
        json.dumps({"name": f"s{plan.seed}", "entry_script": "train.py", **PLANS[plan.plan]})
    )
    began = time.time()
    with (folder / "up.log").open("wb") as log:
        trial.client = trial.start("up", "m.yaml", "--machines", "process", out=log)
    striking = threading.Thread(target=_strike_all, args=(trial, began), daemon=True)
    striking.start()
    code = trial.wait(trial.client, "up")
    up = (folder / "up.log").read_text(errors="replace")
    trial.told += f"$ up\n{up}"
    striking.join(30)
    _look_at_the_end(trial, code, up)
    _clean_up(trial, code, up)
    _look_at_outputs(trial)
    _look_at_what_is_left(trial, began)
    return trial


# Faults


def _strike_all(trial: Trial, began: float) -> None:
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
    found = sorted(_mine(trial, _WORDS[fault.kind.victim]), key=lambda p: p.create_time())
    if fault.kind.victim in ("agents", "cloud"):
        return found
    if fault.kind.victim == "guardian":
        return found[:1]
    if fault.kind.victim == "server":
        return found[1:2]
    return [found[int(fault.pick * len(found))]] if found else []


def _mine(trial: Trial, words: str) -> list[psutil.Process]:
    """The trial's processes with `words` on their command line: they, or one above them, show its folder."""
    found = [p for p in psutil.process_iter() if words in _line(p)]
    return [p for p in found if any(str(trial.folder) in _line(each) + _place(each) for each in _with_parents(p))]


def _line(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""


def _place(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return str(process.environ().get("TFINFRA_STATE_DIR", ""))
    return ""


def _with_parents(process: psutil.Process) -> Iterator[psutil.Process]:
    yield process
    with suppress(psutil.Error):
        yield from process.parents()


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


def _answer_badly(trial: Trial, fault: Fault) -> bool:
    from tfinfra.localcloud.layout import Layout
    from tfinfra.localcloud.starting import call, running_daemon

    endpoint = running_daemon(Layout(trial.state / "cloud"))
    if endpoint is None:
        return False
    act = fault.kind.act
    how: dict[str, Any] = {"kind": act, "seconds": fault.seconds} if act == "lag" else {"kind": act}
    if act.isdigit():
        how = {"kind": "status", "status": int(act), "retry_after": 1}
    call(endpoint, "POST", "faults", {**how, "count": 1 + int(fault.pick * 4)})
    return True


# What must hold


def _look_at_the_end(trial: Trial, code: int, up: str) -> None:
    """The exit status and the told cause are those of the first fault that can end a run, or 0 and all outputs."""
    fatal = [(at, fault) for at, fault in trial.struck if fault.kind.codes]
    close = [fault for at, fault in fatal if at - fatal[0][0] < 3.0]  # which came first is nobody's to know
    codes = {code for fault in close for code in fault.kind.codes}
    if "Traceback" in trial.told or "tfinfra itself failed" in trial.told:
        trial.wrong.append("a traceback, or a fault of tfinfra itself")
    if code == 0:
        wanted = {name.rsplit("-", 1)[0] for name in trial.written()}
        short = [task for task in wanted if not task.startswith("ps") and f"{task}-{FILES - 1}" not in trial.written()]
        trial.wrong += [f"exit 0 although {task} had not ended" for task in short]
        return
    if code < 0 and not trial.run:  # before it had begun: no Python hears a signal in its first moments
        return
    if code not in codes | {10}:
        trial.wrong.append(f"exit {code} where {sorted(codes)} were possible")
    causes = [fault.kind.cause for fault in close if code in fault.kind.codes and fault.kind.cause]
    errors = "\n".join(line for line in up.splitlines() if "error:" in line)
    if code > 0 and code != 10 and causes and not any(re.search(cause, errors) for cause in causes):
        trial.wrong.append(f"the cause that is told is not that of {' or '.join(f.name for f in close)}: {errors}")
    if re.search(r"outputs( and logs)?: ", up) and not any((trial.folder / "runs").glob("*/outputs/**/*")):
        trial.wrong.append("outputs are said to be where there are none")


def _clean_up(trial: Trial, code: int, up: str) -> None:
    """What stays is named, and goes by the verbs that are named for it."""
    left = _groups(trial)
    if code > 0:
        unnamed = [group for group in left if group not in up]
        if unnamed or (left and code != 10):
            trial.wrong.append(f"exit {code}, and {', '.join(unnamed or left)} left")
    if not trial.run or not left:
        return
    if code < 0:
        _await_result(trial)
    fetched = trial.command("fetch", trial.run)
    if fetched not in (0, 2, 5, 6, 10):
        trial.wrong.append(f"fetch ended with {fetched}")
    downed = trial.command("down", trial.run)
    if downed == 10:
        downed = trial.command("down", "--discard", trial.run)
    if downed:
        trial.wrong.append(f"down ended with {downed}")


def _await_result(trial: Trial) -> None:
    until = time.time() + BOUND
    while time.time() < until:
        done = subprocess.run(
            [*tfinfra_command(), "status", trial.run, "--json"],
            env={**os.environ, "TFINFRA_STATE_DIR": str(trial.state)},
            cwd=trial.folder,
            capture_output=True,
            check=False,
        )
        with suppress(ValueError):
            document = json.loads(done.stdout)
            if document.get("result") or document.get("phase") == "deleted":
                return
        time.sleep(1)
    trial.wrong.append("a run whose client was killed never got a result")


def _groups(trial: Trial) -> list[str]:
    return sorted(path.name.removesuffix(".json") for path in trial.state.glob("cloud/groups/*"))


def _look_at_outputs(trial: Trial) -> None:
    """What a task had closed is at home, whole, or it is named that something is not."""
    results = trial.folder / "runs" / trial.run
    lost = [name for name in trial.written() if _text(results / "outputs" / name) != name * 1000]
    record: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        record = json.loads((results / "run.json").read_text())
    named = record.get("not_collected")
    if lost and (named is None or (named["files"] is not None and named["files"] < len(lost))):
        trial.wrong.append(f"{len(lost)} outputs are lost ({', '.join(lost[:3])} …); named: {named}")


def _text(path: Path) -> str | None:
    try:
        return path.read_text()
    except OSError:
        return None


def _look_at_what_is_left(trial: Trial, began: float) -> None:
    until = time.time() + 25
    while (left := _mine(trial, "")) and time.time() < until:
        time.sleep(0.5)
    trial.wrong += [f"a process is left: {p.pid} {_line(p)[:150]}" for p in left]
    trial.wrong += [f"the group {group} is left" for group in _groups(trial)]
    if str(trial.folder) in Path("/proc/mounts").read_text():
        trial.wrong.append("a mount is left")
    for process in left:
        with suppress(psutil.Error):
            if process.create_time() > began:
                process.kill()


def main() -> int:
    arguments = _parse()
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background job ignores it, and so would clients
    first, _, last = arguments.seeds.partition("-")
    bad = 0
    for seed in range(int(first), int(last or first) + 1):
        plan = schedule(seed, arguments.plans or tuple(PLANS))
        folder = Path(tempfile.mkdtemp(prefix=f"tfinfra-faults-{seed}-"))
        began = time.monotonic()
        trial = try_one(plan, folder)
        struck = ", ".join(fault.name for _, fault in trial.struck) or "nothing struck"
        code = trial.client.returncode if trial.client else None
        took = f"exit {code}, {time.monotonic() - began:.0f} s"
        tell(f"{seed}: {plan}: {struck}; {took}: {'WRONG' if trial.wrong else 'held'}")
        for wrong in trial.wrong:
            tell(f"    {wrong}")
        if trial.wrong:
            bad += 1
            (folder / "told").write_text(trial.told)
            tell(f"    {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    tell(f"{bad} did not hold")
    return 1 if bad else 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("seeds", help="one, or the first and the last: 1-50")
    parser.add_argument("--plans", nargs="*", choices=sorted(PLANS), help="only these plans")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
