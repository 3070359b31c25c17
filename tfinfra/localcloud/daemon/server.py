"""The server behind the daemon: serves what is on disk until the cloud is not needed any more."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import socket
import time

import filelock

from tfinfra.localcloud.arm import eviction, timer_runs
from tfinfra.localcloud.arm.arm_app import ArmApp
from tfinfra.localcloud.arm.core import Core
from tfinfra.localcloud.arm.fault_injection import Faults
from tfinfra.localcloud.arm.operations import Operations
from tfinfra.localcloud.arm.providers import storage
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state import State
from tfinfra.localcloud.common.state_files import lay_ballast, read_json, write_json
from tfinfra.localcloud.common.state_folder import Layout
from tfinfra.localcloud.daemon import listeners
from tfinfra.localcloud.daemon.admin import Admin, Presence
from tfinfra.localcloud.daemon.certificates import prepare_certificates, prepare_keys
from tfinfra.localcloud.daemon.seed import first_start
from tfinfra.localcloud.machines import fake_machines
from tfinfra.localcloud.machines.interface import Machines
from tfinfra.localcloud.metadata.metadata_app import MetadataApp
from tfinfra.version import __version__

TICK_SECONDS = 0.5
LOCK_SECONDS = 10
CALLER = "TFINFRA_LOCAL_CALLER"
"""The variable that says what a rehearsal's caller is: "user", as by default, or "app", a service principal."""
log = logging.getLogger("tfinfra.localcloud")


def run(layout: Layout, client: int) -> None:
    """Serves `layout`; `client` is the process that it was started for. Its own lock holds where the daemon's first
    process was killed and this one lives on. Raises filelock.Timeout where another serves."""
    with filelock.FileLock(layout.server_lock, timeout=LOCK_SECONDS):
        handler = logging.handlers.RotatingFileHandler(layout.log, maxBytes=500_000, backupCount=1)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logging.basicConfig(level=logging.INFO, handlers=[handler])
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        asyncio.run(serve(layout, client))


def machines(kind: str) -> Machines:
    """The Machines of a kind; "" is the best that is possible. Raises ValueError for an unknown kind."""
    if kind == "fake":
        return fake_machines.FakeMachines()
    from tfinfra.localcloud.machines import machine_kinds

    return machine_kinds.machines(kind or machine_kinds.best_kind())


async def serve(layout: Layout, client: int) -> None:
    """Serves until the cloud is not needed any more, or a signal ends the process. `client` is the process that the
    cloud was started for, 0 for none."""
    prepare_certificates(layout)
    key = prepare_keys(layout, time.time(), tokens.CALLERS.get(os.environ.get(CALLER, ""), tokens.OWNER_OID))
    arm = listeners.loopback_socket(_port_before(layout, "port"))
    meta = listeners.loopback_socket(_port_before(layout, "metadata_port"))
    context = CloudContext(layout, State(layout), machines, time.time, _port(arm), _port(meta))
    app, presence = _apps(context, key)
    first_start(app.core)
    if client:
        presence.hello(client, time.time())
    arm_server = listeners.server(app, layout.certificate)
    metadata_server = listeners.server(MetadataApp(context, key), None)
    servers = [
        asyncio.create_task(arm_server.serve([arm, listeners.unix_socket(layout.arm_socket)])),
        asyncio.create_task(metadata_server.serve([meta, listeners.unix_socket(layout.metadata_socket)])),
    ]
    while not (arm_server.started and metadata_server.started):
        await asyncio.sleep(0.005)
    ports = {"port": context.arm_port, "metadata_port": context.metadata_port}
    write_json(layout.endpoint, {"version": __version__, "pid": os.getpid(), **ports})
    log.info("tfinfra %s serves on port %d", __version__, context.arm_port)
    app.core.resume()
    await app.core.empty_trash()
    lay_ballast(layout.root)
    await _until_not_needed(app, presence, layout)
    arm_server.should_exit = metadata_server.should_exit = True
    await app.core.until_idle()
    await asyncio.gather(*servers)
    await asyncio.to_thread(context.azurites.close)
    for path in (layout.arm_socket, layout.metadata_socket):
        path.unlink(missing_ok=True)
    if layout.arm_socket.parent != layout.root:
        layout.arm_socket.parent.rmdir()
    log.info("left")


def _apps(context: CloudContext, key: bytes) -> tuple[ArmApp, Presence]:
    core = Core(context, Operations(context.layout, context.now()))
    faults, presence = Faults(), Presence(core)
    hosts = {f"{name}:{context.arm_port}" for name in ("127.0.0.1", "localhost")}
    return ArmApp(core, key, hosts, faults, Admin(core, faults, presence), listeners.drop), presence


async def _until_not_needed(app: ArmApp, presence: Presence, layout: Layout) -> None:
    """Does what is due, until the cloud is not needed any more, its folder is gone or another daemon's, or a signal
    ends the process. No request is taken from then on."""
    leaving = asyncio.Event()

    def leave() -> None:
        app.leaving = True
        leaving.set()

    presence.leave = leave
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave)
    presence.stays(time.time())
    context = app.core.context
    while not leaving.is_set() and not presence.may_leave(time.time()):
        # a state folder that was removed can be found by no client, also where a machine that was writing has made a
        # part of it again: the certificate is made once, at the start
        written = read_json(layout.endpoint)
        if not layout.ca.exists() or (isinstance(written, dict) and written.get("pid") != os.getpid()):
            break
        context.azurites.keep(storage.all_servers(context))
        await eviction.tick(context, time.time())
        await timer_runs.tick(app, time.time() + context.ahead)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(leaving.wait(), TICK_SECONDS)
    app.leaving = True


def _port_before(layout: Layout, name: str) -> int:
    """The port that the cloud had when it last ran, 0 where it is not known."""
    written = read_json(layout.endpoint)
    port = written.get(name) if isinstance(written, dict) else 0
    return port if isinstance(port, int) else 0


def _port(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])
