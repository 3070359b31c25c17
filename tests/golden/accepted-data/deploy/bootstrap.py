#!/usr/bin/env python3
"""Takes a node of 'train' from its first boot to its running agent: fetches the run's bundle, checks its digest,
mounts the run's shared directory where there is one, and starts the agent from the bundle.

Needs Python 3.10 and nothing else. TFINFRA_ROOT (default /) is where the node's files are; with TFINFRA_FOREGROUND=1
this process becomes the agent. Whatever goes wrong is also written to the run's store, as boot/<vmId>.json.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
from email.utils import formatdate
from pathlib import Path

ROOT = Path(os.environ.get("TFINFRA_ROOT", "/"))
SETTINGS = ROOT / "etc/tfinfra/settings.json"
RUN = ROOT / "opt/tfinfra/run"
LOG = ROOT / "var/log/tfinfra-agent.log"
PID = ROOT / "run/tfinfra-agent.pid"
SHARED = Path("/mnt/tfinfra/shared")
METADATA = os.environ.get("TFINFRA_METADATA_URL", "http://169.254.169.254")
# A role grant or a private DNS name may take minutes to be seen; the metadata endpoint may be late or busy.
PASSING = (403, 404, 408, 410, 429, 500, 502, 503, 504)
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> int:
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    try:
        close_ssh()
        fetch_bundle(settings, RUN)
        mount_shared(settings)
        return start_agent(settings)
    except Exception as fault:  # the outermost edge: whoever waits for this node must hear why it does not come
        report(settings, f"{type(fault).__name__}: {fault}")
        raise


def close_ssh() -> None:
    """Nothing of tfinfra comes in by ssh: an image's own sshd is stopped, where systemd runs this machine."""
    if ROOT == Path("/") and Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "mask", "--now", "ssh.socket", "ssh.service"], check=False)


def fetch_bundle(settings: dict, target: Path) -> None:
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
    with tarfile.open(archive) as bundle:
        safe = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        bundle.extractall(target, **safe)
    archive.unlink()


def open_object(settings: dict, key: str):
    """The object `key` of the run's store, as a stream."""
    url = f"{settings['store']}/{key}"
    if url.startswith("file://"):
        return local_path(url).open("rb")
    return patiently(settings, lambda: urllib.request.urlopen(blob_request(settings, url), timeout=60))


def blob_request(settings: dict, url: str, data: bytes | None = None) -> urllib.request.Request:
    """GET of a blob, or PUT of `data`, with the node's managed identity."""
    headers = {
        "Authorization": f"Bearer {storage_token(settings)}",
        "x-ms-version": "2023-11-03",
        "x-ms-date": formatdate(usegmt=True),
    }
    if data is not None:
        headers["x-ms-blob-type"] = "BlockBlob"
    return urllib.request.Request(url, data, headers, method="GET" if data is None else "PUT")


def storage_token(settings: dict) -> str:
    query = {
        "api-version": "2018-02-01",
        "resource": "https://storage.azure.com/",
        "client_id": settings["identity_client_id"],
    }
    return metadata(f"/metadata/identity/oauth2/token?{urllib.parse.urlencode(query)}")["access_token"]


def metadata(path: str) -> dict:
    """A document of the instance metadata endpoint, which takes no proxy."""
    request = urllib.request.Request(METADATA + path, headers={"Metadata": "true"})
    with DIRECT.open(request, timeout=10) as answer:
        return json.load(answer)


def patiently(settings: dict, attempt):
    """What `attempt` returns; tries again while the answer may still change, as long as a node may take to register."""
    until, pause = time.monotonic() + settings["timeouts"]["register"], 0.5
    while True:
        try:
            return attempt()
        except (urllib.error.URLError, TimeoutError, ConnectionError) as fault:
            if getattr(fault, "code", 503) not in PASSING or time.monotonic() + pause > until:
                raise
            print(f"trying again in {pause:.0f} s: {fault}", flush=True)
        time.sleep(pause)
        pause = min(pause * 2, 15)


def mount_shared(settings: dict) -> None:
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
    patiently(settings, lambda: command(["mount", "-t", "nfs4", "-o", options, export, str(SHARED)]))


def command(line: list[str]) -> None:
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise ConnectionError(f"{' '.join(line)}: exit status {done.returncode}: {done.stderr.strip()[-500:]}")


def start_agent(settings: dict) -> int:
    """Starts the agent in a session of its own, so that it outlives cloud-init."""
    line = [sys.executable, "-m", "tfinfra.agent", "--settings", str(SETTINGS), "--root", str(ROOT)]
    environment = {"HOME": "/root", **os.environ, "PYTHONPATH": f"{RUN / 'agent'}:{RUN / 'site'}"}
    for folder in (LOG.parent, PID.parent):
        folder.mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    if os.environ.get("TFINFRA_FOREGROUND") == "1":
        PID.write_text(f"{os.getpid()}\n", encoding="ascii")
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.execvpe(line[0], line, environment)
    if os.fork() == 0:
        os.setsid()
        watch(settings, subprocess.Popen(line, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log))
    return 0


def watch(settings: dict, agent: subprocess.Popen) -> None:
    """Waits for the agent, beside the boot: one that cannot even start says nothing itself."""
    PID.write_text(f"{agent.pid}\n", encoding="ascii")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # or cloud-init would wait for the end of its output
        os.dup2(null, stream)
    status = agent.wait()
    if status != 0:
        tail = LOG.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        report(settings, f"the agent ended with exit status {status}: {' '.join(tail)}")
    os._exit(0)


def report(settings: dict, message: str) -> None:
    """Best effort: the message is on the console as well."""
    try:
        node = metadata("/metadata/instance?api-version=2021-02-01")["compute"]["vmId"]
        url, data = f"{settings['store']}/boot/{node}.json", json.dumps({"error": message}).encode()
        if url.startswith("file://"):
            local_path(url).parent.mkdir(parents=True, exist_ok=True)
            local_path(url).write_bytes(data)
        else:
            urllib.request.urlopen(blob_request(settings, url, data), timeout=60).close()
    except (OSError, KeyError, ValueError) as fault:
        print(f"could not report to the run's store: {fault}", file=sys.stderr, flush=True)


def local_path(url: str) -> Path:
    return Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path))


if __name__ == "__main__":
    sys.exit(main())
