#!/usr/bin/env python3
"""Takes a node from its boot to its running agent: fetches the run's bundle, checks its digest, mounts the run's shared
directory where there is one, and starts the agent from the bundle. cloud-init, which carries this file word for word,
runs it at every boot; the agent finds out by itself that it is not the first one.

Needs Python 3.10 and nothing else. TFINFRA_ROOT (default /) is where the node's files are; with TFINFRA_FOREGROUND=1
this process stays until the agent has ended. Whatever goes wrong is also written to the run's store, as
boot/<vmId>.json, and a node without an agent still asks ARM to delete the run's machines at the deadline, or at the
later one that its group's tag says; where the bundle is not in the store, at once: nobody has pushed it, and the
machines are billed for nothing.
"""

import ctypes
import hashlib
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from datetime import datetime, timezone
from email.utils import formatdate
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, TypedDict, TypeVar

Answer = TypeVar("Answer")

ROOT = Path(os.environ.get("TFINFRA_ROOT", "/"))
SETTINGS = ROOT / "etc/tfinfra/settings.json"
RUN = ROOT / "opt/tfinfra/run"
LOG = ROOT / "var/log/tfinfra-agent.log"
PID = ROOT / "run/tfinfra-agent.pid"
BEGUN = ROOT / "run/tfinfra-boot"  # what is below /run goes with each boot
SHARED = Path("/mnt/tfinfra/shared")
METADATA = os.environ.get("TFINFRA_METADATA_URL", "http://169.254.169.254")
# A role grant or a private DNS name may take minutes to be seen; the metadata endpoint may be late or busy.
PASSING = (403, 404, 408, 410, 429, 500, 502, 503, 504)
# It says 400, "Identity not found", for a while after an identity was attached to the machine
# (github.com/Azure/aad-pod-identity/issues/778).
ATTACHING = 120  # seconds
AWAY = 15  # seconds that a store of this machine's files may be away or full, as for the agent
PATIENCE = 300  # seconds past the deadline in which ARM may say that the run was given more, as for the agent
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Settings(TypedDict):
    """What is read here of /etc/tfinfra/settings.json, which tells a node its run: URLs, PEM text, a time in UTC."""

    store: str
    shared: str | None
    bundle: str
    bundle_sha256: str
    identity_client_id: str
    arm_endpoint: str
    arm_audience: str | None
    arm_ca: str | None
    compute_group_id: str
    deadline: str
    latest: str | None
    timeouts: dict[str, float]  # in seconds


class NotPushed(Exception):
    """The store has no bundle for this node."""


def main() -> int:
    settings: Settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    try:
        if not begin_boot():
            print("this boot has its agent already", flush=True)
            return 0
        close_ssh()
        fetch_bundle(settings, RUN)
        mount_shared(settings)
        return start_agent(settings)
    except Exception as fault:  # the outermost edge: whoever waits for this node must hear why it does not come
        if isinstance(fault, NotPushed):
            soon = time.time() + min(settings["timeouts"]["register"], ATTACHING)  # the report comes first
            settings["deadline"], settings["latest"] = datetime.fromtimestamp(soon, timezone.utc).isoformat(), None
        if os.environ.get("TFINFRA_FOREGROUND") != "1" and os.fork() == 0:  # first of all: nothing must keep it
            leave_the_boot()
            keep_the_deadline(settings)
        report(settings, f"{type(fault).__name__}: {fault}")
        if isinstance(fault, NotPushed):
            keep_the_deadline(settings)  # in the foreground: nobody else is there to do it
        raise


def begin_boot() -> bool:
    """Whether this is the boot's first call: somebody may run cloud-init again, and one agent is enough."""
    BEGUN.parent.mkdir(parents=True, exist_ok=True)
    try:
        BEGUN.touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def close_ssh() -> None:
    """Nothing of tfinfra comes in by ssh: an image's own sshd is stopped, where systemd runs this machine."""
    if Path("/") == ROOT and Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "mask", "--now", "ssh.socket", "ssh.service"], check=False)


def fetch_bundle(settings: Settings, target: Path) -> None:
    """Unpacks the run's bundle into `target`; nothing of it runs unless its digest is the one in the settings."""
    archive = target.with_suffix(".tar.gz")
    archive.parent.mkdir(parents=True, exist_ok=True)
    with open_object(settings, settings["bundle"]) as source, archive.open("wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
    with archive.open("rb") as data:
        digest = hashlib.sha256()
        while chunk := data.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != settings["bundle_sha256"]:
        raise ValueError(f"the bundle's SHA-256 is {digest.hexdigest()}, not {settings['bundle_sha256']}")
    if shutil.which("tar"):  # eight times as quick as Python's, which with 100,000 files is half a minute
        target.mkdir(parents=True, exist_ok=True)
        command = ["tar", "-xzf", str(archive), "-C", str(target), "--no-same-owner"]
        subprocess.run(command, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})  # names stay the bytes they are
    else:
        with tarfile.open(archive) as bundle:
            bundle.extractall(target)  # noqa: S202  the digest says that the client has packed it
    archive.unlink()


def open_object(settings: Settings, key: str) -> BinaryIO:
    """The object `key` of the run's store, as a stream."""
    url, patience = f"{settings['store']}/{key}", settings["timeouts"]["register"]
    try:
        if url.startswith("file://"):
            return patiently(lambda: local_path(url).open("rb"), min(patience, AWAY))
        return patiently(lambda: ask(settings, blob_request(settings, url)), patience)
    except (FileNotFoundError, urllib.error.HTTPError) as fault:
        if isinstance(fault, FileNotFoundError) or (fault.code == 404 and fault.url == url):
            raise NotPushed(f"{url} is not there: nobody has pushed it, or it is gone") from fault
        raise


def ask(settings: Settings, request: urllib.request.Request) -> BinaryIO:
    """The answer as a stream. A cloud with a certificate authority of its own tells it in the settings."""
    trust = ssl.create_default_context(cadata=settings["arm_ca"])
    answer: BinaryIO = urllib.request.urlopen(request, timeout=60, context=trust)
    return answer


def blob_request(settings: Settings, url: str, data: bytes | None = None) -> urllib.request.Request:
    """GET of a blob, or PUT of `data`, with the node's managed identity."""
    headers = {
        "Authorization": f"Bearer {token(settings, 'https://storage.azure.com/')}",
        "x-ms-version": "2023-11-03",
        "x-ms-date": formatdate(usegmt=True),
    }
    if data is not None:
        headers["x-ms-blob-type"] = "BlockBlob"
    return urllib.request.Request(url, data, headers, method="GET" if data is None else "PUT")


def token(settings: Settings, resource: str) -> str:
    """An access token of the node's managed identity for `resource`."""
    query = {"api-version": "2018-02-01", "resource": resource, "client_id": settings["identity_client_id"]}
    access: str = metadata(f"/metadata/identity/oauth2/token?{urllib.parse.urlencode(query)}")["access_token"]
    return access


def metadata(path: str) -> dict[str, Any]:
    """A document of the instance metadata endpoint, which takes no proxy."""
    request = urllib.request.Request(METADATA + path, headers={"Metadata": "true"})
    with DIRECT.open(request, timeout=10) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


def patiently(attempt: Callable[[], Answer], seconds: float) -> Answer:
    """What `attempt` returns; tries again while the answer may still change, for `seconds` at most."""
    began, pause = time.monotonic(), 0.5
    while True:
        try:
            return attempt()
        except OSError as fault:  # a URLError and all that a connection or a disk may say
            waited = time.monotonic() + pause - began
            if not may_pass(fault, waited) or waited > seconds:
                raise
            print(f"trying again in {pause:.0f} s: {fault}", flush=True)
            after = str(getattr(fault, "headers", {}).get("Retry-After"))
        time.sleep(max(pause, min(int(after), 60)) if after.isdigit() else pause)
        pause = min(pause * 2, 15)


def may_pass(fault: Exception, waited: float) -> bool:
    """Whether another answer may come, `waited` seconds after the first question. No answer at all may pass."""
    if isinstance(fault, urllib.error.HTTPError) and fault.code == 400 and "/oauth2/token" in fault.url:
        return waited < ATTACHING
    return getattr(fault, "code", 503) in PASSING


def mount_shared(settings: Settings) -> None:
    """Mounts the run's Azure Files share by NFS 4.1; a shared directory that is a file:// URL is there already."""
    url = settings["shared"]
    if not url or url.startswith("file://"):
        return
    parts = urllib.parse.urlsplit(url)
    account = parts.netloc.split(".")[0]
    export = f"{parts.netloc}:/{account}/{parts.path.strip('/')}"
    if not shutil.which("mount.nfs4"):
        patient = ["apt-get", "-o", "DPkg::Lock::Timeout=240"]  # a first boot's own upgrades may hold the lock
        command([*patient, "update"])
        command([*patient, "install", "--yes", "--no-install-recommends", "nfs-common"])
    SHARED.mkdir(parents=True, exist_ok=True)
    options = "vers=4,minorversion=1,sec=sys,nconnect=4,noresvport,actimeo=1"
    mount = ["mount", "-t", "nfs4", "-o", options, export, str(SHARED)]
    patiently(lambda: command(mount), settings["timeouts"]["register"])


def command(line: list[str]) -> None:
    """Runs it. Raises ConnectionError where it fails: what it asks for may come yet."""
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise ConnectionError(f"{' '.join(line)}: exit status {done.returncode}: {done.stderr.strip()[-500:]}")


def start_agent(settings: Settings) -> int:
    """Starts the agent in a session of its own, so that it outlives cloud-init; in the foreground waits for its end."""
    foreground = os.environ.get("TFINFRA_FOREGROUND") == "1"
    line = [sys.executable, "-m", "tfinfra.agent", "--settings", str(SETTINGS), "--root", str(ROOT)]
    environment = {"HOME": "/root", **os.environ, "PYTHONPATH": f"{RUN / 'agent'}:{RUN / 'site'}"}
    for folder in (LOG.parent, PID.parent):
        folder.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    if not foreground:
        if os.fork() > 0:
            return 0
        leave_the_boot()
    agent = subprocess.Popen(
        line,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        preexec_fn=dying_with_parent() if foreground else None,  # noqa: PLW1509  this process has one thread
    )
    if not foreground:
        watch(settings, agent)
    status = attend(settings, agent)
    return status if status >= 0 else 128 - status


def watch(settings: Settings, agent: subprocess.Popen[bytes]) -> NoReturn:
    """Waits for the agent, beside the boot; never returns."""
    try:
        attend(settings, agent)
    except Exception as fault:  # noqa: BLE001  whatever it is, the deadline is kept
        print(f"could not watch the agent: {fault!r}", file=sys.stderr, flush=True)
    keep_the_deadline(settings)


def attend(settings: Settings, agent: subprocess.Popen[bytes]) -> int:
    """Waits for the agent and returns its status: one that cannot even start says nothing itself."""
    PID.write_text(f"{agent.pid}\n", encoding="ascii")
    status = agent.wait()
    if status < 0:
        report(settings, f"the agent was killed by {signal.Signals(-status).name}")
    elif status:
        tail = LOG.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        report(settings, f"the agent ended with exit status {status}: {' '.join(tail)}")
    return status


def dying_with_parent() -> Callable[[], object] | None:
    """What makes a child die with this process, as this one does with what booted it; None where Linux does not run."""
    if sys.platform != "linux":
        return None
    control = ctypes.CDLL(None).prctl
    return lambda: control(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def leave_the_boot() -> None:
    """Makes this process one that outlives cloud-init, which would wait for the end of its output."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)


def keep_the_deadline(settings: Settings) -> NoReturn:
    """Never returns: from the deadline on asks ARM to delete the run's machines, this one among them."""
    deadline = unix_time(settings["deadline"])
    while True:
        time.sleep(max(0.0, deadline - time.time()))
        try:
            deadline = put_off(settings, deadline)
            if deadline <= time.time():
                delete_machines(settings)
        except Exception as fault:  # noqa: BLE001  whatever it is, it is asked again
            print(f"could not ask ARM for the deletion: {fault!r}", file=sys.stderr, flush=True)
        time.sleep(30)


def put_off(settings: Settings, deadline: float) -> float:
    """The deadline (Unix seconds) by the tag of the machines' group, which others may write: no later than the latest
    time of the settings. Raises, for PATIENCE seconds, what keeps ARM from an answer: nor could it delete anything."""
    latest, now = unix_time(settings.get("latest") or settings["deadline"]), time.time()
    if now >= latest:
        return deadline
    try:
        with ask_arm(settings, "GET") as group:
            return max(deadline, min(unix_time(json.load(group)["tags"]["tfinfra-expires-at"]), latest))
    except Exception:
        if now < deadline + PATIENCE:
            raise
        return deadline


def unix_time(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def delete_machines(settings: Settings) -> None:
    ask_arm(settings, "DELETE").close()


def ask_arm(settings: Settings, method: str) -> BinaryIO:
    """What ARM answers of the compute group, asked by the node's managed identity."""
    arm = settings["arm_endpoint"]
    audience = settings.get("arm_audience") or f"{arm}/"
    headers = {"Authorization": f"Bearer {token(settings, audience)}"}
    url = f"{arm}{settings['compute_group_id']}?api-version=2021-04-01"
    return ask(settings, urllib.request.Request(url, method=method, headers=headers))


def report(settings: Settings, message: str) -> None:
    """Best effort, and soon: the deadline waits. The message is on the console as well, which boot diagnostics show."""
    print(f"tfinfra: this node cannot take part: {message}", file=sys.stderr, flush=True)
    try:
        patience = min(settings["timeouts"]["register"], ATTACHING)
        document = patiently(lambda: metadata("/metadata/instance?api-version=2021-02-01"), patience)
        node = document["compute"]["vmId"]
        url, data = f"{settings['store']}/boot/{node}.json", json.dumps({"error": message}).encode()
        if url.startswith("file://"):
            patiently(lambda: leave(local_path(url), data), min(patience, AWAY))
        else:
            patiently(lambda: ask(settings, blob_request(settings, url, data)).close(), patience)
    except Exception as fault:  # noqa: BLE001  whatever it is, the deadline waits
        print(f"could not report to the run's store: {fault!r}", file=sys.stderr, flush=True)


def leave(path: Path, data: bytes) -> None:
    """Writes the file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def local_path(url: str) -> Path:
    """The file that a file:// URL names."""
    return Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path))


if __name__ == "__main__":
    sys.exit(main())
