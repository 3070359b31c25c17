"""Holds one scale set of process machines: each is a folder, a session and (where possible) an address and a hostname
of its own, and runs the very bootstrap of its customData. On Linux orphans of a machine come to this process, so none
is ever lost, and the machines die with it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from tfinfra.localcloud.machines.interface import InstanceSpec, ScaleSetSpec
from tfinfra.localcloud.machines.machine_record import REBOOT, InstanceRecord, Record, identify, write_record
from tfinfra.localcloud.machines.processes import customdata
from tfinfra.localcloud.machines.processes.addresses import lease_addresses
from tfinfra.localcloud.machines.processes.process_marks import MARK, kill_marked

_LAST_WORDS = 1000  # bytes
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def supervise(spec: ScaleSetSpec, ready: Callable[[], None]) -> None:
    """Boots the machines of `spec`, calls `ready`, and returns once all have ended or SIGTERM came."""
    vm_ids = {i.vm_id for i in spec.instances}
    _leave_mourner(vm_ids)
    signal.signal(signal.SIGTERM, _leave)
    if sys.platform == "linux":
        from tfinfra.localcloud.machines import linux

        linux.adopt_orphans()
    lease = lease_addresses(spec.set_id, len(spec.instances))
    record = _first_record(spec, lease.addresses)
    write_record(spec.folder, record)
    try:
        record, pids = _boot(spec, record)
        ready()
        _watch(spec, record, pids)
    finally:
        _end(vm_ids)


def _leave_mourner(vm_ids: set[str]) -> None:
    """Leaves a process that outlives this one, just long enough to end its machines' orphans: kill -9 takes only the
    machines' first processes along. It is no child of this one, which waits for its children."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            os.close(writer)
            os.read(reader, 1)  # ends with this process's parent, which alone holds the other end
            _sweep(vm_ids)
        os._exit(0)
    os.wait()
    os.close(reader)


def _sweep(vm_ids: set[str]) -> None:
    while kill_marked(vm_ids):
        time.sleep(0.002)


def _leave(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(0)


def _first_record(spec: ScaleSetSpec, addresses: tuple[str, ...]) -> Record:
    own = identify(os.getpid())
    if own is None:
        raise OSError("this process does not find itself in the process table")
    rows = zip(spec.instances, addresses, strict=True)
    return Record("process", own, tuple(InstanceRecord(i.name, i.vm_id, a) for i, a in rows))


def _boot(spec: ScaleSetSpec, record: Record) -> tuple[Record, dict[int, str]]:
    """Starts the machines; also returns which machine's first process each pid is."""
    pids = {_start(spec, i, first=True): i.name for i in spec.instances}
    processes = {name: identify(pid) for pid, name in pids.items()}
    record = replace(record, instances=tuple(replace(i, process=processes[i.name]) for i in record.instances))
    write_record(spec.folder, record)
    return record, pids


def _watch(spec: ScaleSetSpec, record: Record, pids: Mapping[int, str]) -> None:
    """Reaps until no child is left. A machine whose first process has ended is gone, so all it started goes too; unless
    it was ended to boot again."""
    left = dict(pids)
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        name = left.pop(pid, None)  # any other pid is an orphan that a machine left
        if name is None:
            continue
        if (spec.folder / name / REBOOT).exists():
            pid, record = _reboot(spec, record, name)
            left[pid] = name
            continue
        record = _without(record, name, os.waitstatus_to_exitcode(status), spec.folder)
        kill_marked({i.vm_id for i in record.instances if i.name == name})
        write_record(spec.folder, record)


def _reboot(spec: ScaleSetSpec, record: Record, name: str) -> tuple[int, Record]:
    """The machine's new first process. What it wrote is there, but for /run, which no machine keeps."""
    instance, folder = next(i for i in spec.instances if i.name == name), spec.folder / name
    _sweep({instance.vm_id})
    shutil.rmtree(folder / "root" / "run", ignore_errors=True)
    pid = _start(spec, instance, first=False)
    process = identify(pid)
    record = replace(
        record, instances=tuple(replace(i, process=process) if i.name == name else i for i in record.instances)
    )
    write_record(spec.folder, record)
    (folder / REBOOT).unlink()
    return pid, record


def _without(record: Record, name: str, code: int, folder: Path) -> Record:
    why = _why(folder / name, code)
    status = code if code >= 0 else 128 - code
    ended = (replace(i, exit_status=status, message=why) if i.name == name else i for i in record.instances)
    return replace(record, instances=tuple(ended))


def _why(folder: Path, code: int) -> str:
    """How the first process ended (a negative code: by that signal), and the last that a machine of its own accord
    wrote on its console."""
    if code < 0:
        return f"its first process was killed by {signal.Signals(-code).name}"
    with (folder / "console.log").open("rb") as console:
        console.seek(max(0, os.fstat(console.fileno()).st_size - _LAST_WORDS))
        lines = console.read().decode(errors="replace").splitlines()[-1:]
    return f"its first process ended with exit status {code}" + (f": {lines[0]}" if lines else "")


def _start(spec: ScaleSetSpec, instance: InstanceSpec, *, first: bool) -> int:
    """Forks the first process of the machine's first boot or of a later one; returns its pid once it has no more rights
    than it shall have, or has ended."""
    folder = spec.folder / instance.name
    root = folder / "root"
    root.mkdir(parents=True, exist_ok=True)
    if first and spec.image is not None:
        shutil.copytree(spec.image, root, symlinks=True, dirs_exist_ok=True)
    parent = os.getpid()
    separated, says = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(separated)
        _run(instance, folder, parent, says, first=first)
    os.close(says)
    os.read(separated, 1)
    os.close(separated)
    return pid


def _run(instance: InstanceSpec, folder: Path, parent: int, says: int, *, first: bool) -> NoReturn:
    """Becomes the machine: what its customData says to run, in a session of its own; closes `says` once it has no more
    rights than it shall have. As with cloud-init, files are written and `runcmd` is run at the first boot alone,
    scripts for every boot at every one, and before that."""
    root = folder / "root"
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        _console(folder / "console.log")
        if sys.platform == "linux":
            _separate(instance.computer_name, parent)
        os.close(says)
        once = _configure(instance, root) if first else []
        lines = [*customdata.boot_scripts(root, sys.executable), *once]
        _execute(lines, _environment(instance, root), root)
    except Exception:  # noqa: BLE001 - the outermost edge of this process: its console says what was wrong
        traceback.print_exc()
    finally:
        os._exit(1)


def _configure(instance: InstanceSpec, root: Path) -> list[list[str]]:
    """Writes the files; returns what is to be run once."""
    config = customdata.read_custom_data(instance.custom_data)
    return customdata.commands(config, customdata.write_files(config, root), sys.executable)


def _console(path: Path) -> None:
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _separate(hostname: str, parent: int) -> None:
    """Own hostname, which is how Open MPI tells nodes apart; without it the agent has another way. And no more rights
    than its user has."""
    from tfinfra.localcloud.machines import linux

    try:
        if os.geteuid() != 0:
            linux.own_user_namespace()
        linux.unshare(linux.CLONE_NEWUTS)
        linux.set_hostname(hostname)
    except OSError as fault:
        print(f"no hostname of its own: {fault}", flush=True)
    linux.forbid_new_rights()  # a script has its user's rights, and gets none by sudo
    linux.die_with_parent(parent)  # after the namespaces: a change of credentials would forget it


def _environment(instance: InstanceSpec, root: Path) -> dict[str, str]:
    home = root / "root"
    home.mkdir(exist_ok=True)
    kept = {k: v for k, v in os.environ.items() if k in ("LANG", "TMPDIR", "TZ", "SSL_CERT_FILE", "LD_LIBRARY_PATH")}
    return {
        "PATH": os.environ.get("PATH", _PATH),
        "LANG": "C.UTF-8",
        **kept,
        "HOME": str(home),
        MARK: instance.vm_id,
        "TFINFRA_ROOT": str(root),
        "TFINFRA_FOREGROUND": "1",
        "TFINFRA_METADATA_URL": instance.metadata_url,
    }


def _execute(lines: list[list[str]], environment: dict[str, str], root: Path) -> None:
    """Runs the commands one after the other, as cloud-init does; the last takes this process over."""
    os.chdir(root)
    for line in lines[:-1]:
        subprocess.run(line, env=environment, check=False)
    if lines:
        os.execvpe(lines[-1][0], lines[-1], environment)  # noqa: S606 - the customData's own command


def _end(vm_ids: set[str]) -> None:
    """Kills until nothing is left: what a killed process had started comes to this one, and goes in the next round."""
    while kill_marked(vm_ids) or _kill_children():
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.002)


def _kill_children() -> bool:
    import psutil

    alive = [c for c in psutil.Process().children(recursive=True) if c.is_running()]
    for child in alive:
        with contextlib.suppress(psutil.Error):
            child.kill()
    return bool(alive)
