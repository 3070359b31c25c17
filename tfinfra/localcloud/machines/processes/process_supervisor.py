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
from typing import Any, NoReturn

from tfinfra.localcloud.machines.console import redirect_output
from tfinfra.localcloud.machines.interface import InstanceSpec, ScaleSetSpec
from tfinfra.localcloud.machines.machine_record import REBOOT, Record, first_record, identify, write_record
from tfinfra.localcloud.machines.processes import customdata
from tfinfra.localcloud.machines.processes.addresses import lease_addresses
from tfinfra.localcloud.machines.processes.process_marks import MARK, kill_all_marked, kill_marked

_LAST_WORDS = 1000  # bytes
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def supervise(spec: ScaleSetSpec, ready: Callable[[], None]) -> None:
    """Boots the machines of `spec`, calls `ready`, and returns once all have ended or SIGTERM came."""
    vm_ids = {i.vm_id for i in spec.instances}
    _fork_sweeper(vm_ids)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if sys.platform == "linux":
        from tfinfra.localcloud.machines import linux

        linux.adopt_orphans()
    lease = lease_addresses(spec.set_id, len(spec.instances))
    record = first_record("process", spec, lease.addresses)
    write_record(spec.folder, record)
    try:
        pids = {_start(spec, i, first=True): i.name for i in spec.instances}
        processes = {name: identify(pid) for pid, name in pids.items()}
        record = replace(record, instances=tuple(replace(i, process=processes[i.name]) for i in record.instances))
        write_record(spec.folder, record)
        ready()
        _watch(spec, record, pids)
    finally:
        # What a killed process had started comes to this one as an orphan, and is killed in the next round.
        while kill_marked(vm_ids) or _kill_children():
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            time.sleep(0.002)


def _fork_sweeper(vm_ids: set[str]) -> None:
    """Leaves a process that outlives this one, just long enough to end its machines' orphans: kill -9 takes only the
    machines' first processes along. It is no child of this one, which waits for its children."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            os.close(writer)
            os.read(reader, 1)  # ends with this process's parent, which alone holds the other end
            kill_all_marked(vm_ids)
        os._exit(0)
    os.wait()
    os.close(reader)


def _kill_children() -> bool:
    """Kills all descendants of this process; True where there were any."""
    import psutil

    alive = [c for c in psutil.Process().children(recursive=True) if c.is_running()]
    for child in alive:
        with contextlib.suppress(psutil.Error):
            child.kill()
    return bool(alive)


def _watch(spec: ScaleSetSpec, record: Record, pids: Mapping[int, str]) -> None:
    """Reaps until no child is left; `pids` has the name of the machine of each first process. A machine whose first
    process has ended is gone, with all that it started, unless it was ended to boot again."""
    left = dict(pids)
    while True:
        try:
            pid, status = os.wait()
        except ChildProcessError:
            return
        name = left.pop(pid, None)  # any other pid is an orphan that a machine left
        if name is None:
            continue
        folder = spec.folder / name
        instance = next(i for i in spec.instances if i.name == name)
        code = os.waitstatus_to_exitcode(status)
        if (folder / REBOOT).exists():
            # The machine keeps its files, but for /run, which no machine keeps.
            kill_all_marked({instance.vm_id})
            shutil.rmtree(folder / "root" / "run", ignore_errors=True)
            pid = _start(spec, instance, first=False)
            left[pid] = name
            record = _with_entry(record, name, process=identify(pid))
            write_record(spec.folder, record)
            (folder / REBOOT).unlink()
        else:
            exit_status = code if code >= 0 else 128 - code
            record = _with_entry(record, name, exit_status=exit_status, message=_why_ended(folder, code))
            kill_marked({instance.vm_id})
            write_record(spec.folder, record)


def _with_entry(record: Record, name: str, **changed: Any) -> Record:
    return replace(record, instances=tuple(replace(i, **changed) if i.name == name else i for i in record.instances))


def _why_ended(folder: Path, code: int) -> str:
    """How the first process ended (a negative code: by that signal), and the last line on the console of a machine
    that ended by itself."""
    if code < 0:
        return f"its first process was killed by {signal.Signals(-code).name}"
    with (folder / "console.log").open("rb") as console:
        console.seek(max(0, os.fstat(console.fileno()).st_size - _LAST_WORDS))
        lines = console.read().decode(errors="replace").splitlines()[-1:]
    return f"its first process ended with exit status {code}" + (f": {lines[0]}" if lines else "")


def _start(spec: ScaleSetSpec, instance: InstanceSpec, *, first: bool) -> int:
    """Forks the first process of the machine's first boot or of a later one. Returns its pid once it has given up its
    further rights, or has ended."""
    folder = spec.folder / instance.name
    root = folder / "root"
    root.mkdir(parents=True, exist_ok=True)
    if first and spec.image is not None:
        shutil.copytree(spec.image, root, symlinks=True, dirs_exist_ok=True)
    parent = os.getpid()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _run(instance, folder, parent, writer, first=first)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)
    return pid


def _run(instance: InstanceSpec, folder: Path, parent: int, confined: int, *, first: bool) -> NoReturn:
    """Becomes the machine: what its customData says to run, in a session of its own; closes `confined` once it has
    given up its further rights. As with cloud-init, files are written and `runcmd` is run at the first boot alone,
    scripts for every boot at every one, and before that."""
    root = folder / "root"
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.setsid()
        redirect_output(folder / "console.log")
        if sys.platform == "linux":
            _separate(instance.computer_name, parent)
        os.close(confined)
        once: list[list[str]] = []
        if first:
            config = customdata.read_custom_data(instance.custom_data)
            once = customdata.commands(config, customdata.write_files(config, root), sys.executable)
        lines = [*customdata.boot_scripts(root, sys.executable), *once]
        # One after the other, as cloud-init does; the last takes this process over.
        environment = _environment(instance, root)
        os.chdir(root)
        for line in lines[:-1]:
            subprocess.run(line, env=environment, check=False)
        if lines:
            os.execvpe(lines[-1][0], lines[-1], environment)  # noqa: S606 - the customData's own command
    except Exception:  # noqa: BLE001 - the outermost edge of this process: its console says what was wrong
        traceback.print_exc()
    finally:
        os._exit(1)


def _separate(hostname: str, parent: int) -> None:
    """Takes a hostname of its own, by which Open MPI tells nodes apart (without it the agent has another way), and
    gives up all rights that its user does not have."""
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
