"""The unpacked bundle against its archive: the bootstrap has held that against its digest before it unpacked it, and
whoever changed a file since, the agent's own among them, is found here."""

from __future__ import annotations

import hashlib
import itertools
import tarfile
from pathlib import Path

from tfinfra.agent.evidence.proofs import declared, failed, named, verified
from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.environment.proof.deviation import Deviation, Kind
from tfinfra.environment.proof.tree import FILE, LINK, PROGRAM, Entry, Tree, deviations, read_tree
from tfinfra.errors import first_line
from tfinfra.model import NodeCheck
from tfinfra.store import store_errors
from tfinfra.system.file_digest import sha256_of

_SOURCE, _AGENT = "source/", "agent/"
_BYTECODE = "__pycache__"
_BLOCK = 1 << 20


def check_bundle(context: AgentContext) -> NodeCheck:
    """`bundle`: fetches the archive again. A setup script may change the source directory's copy, and nothing else."""
    archive = context.paths.state / "bundle.again.tar.gz"
    try:
        context.store.get_file(context.settings.bundle, archive)
    except store_errors() as error:
        return declared("bundle", f"its bootstrap has checked it, and it cannot be fetched again: {first_line(error)}")
    try:
        digest = sha256_of(archive)
        if digest != context.settings.bundle_sha256:
            return failed("bundle", f"the archive's SHA-256 is {digest}, not {context.settings.bundle_sha256}")
        odd = deviations(_packed(archive), _unpacked(context.paths.bundle))
        running, packed = (agent_files(path).digest for path in (context.paths.first_bundle, context.paths.bundle))
    except (tarfile.TarError, EOFError, OSError) as error:
        return failed("bundle", f"the archive cannot be read: {first_line(error)}")
    finally:
        archive.unlink(missing_ok=True)
    script = context.plan.setup_script
    ours = [each for each in odd if not (script and each.path.startswith(_SOURCE))]
    if ours or running != packed:
        other = [] if running == packed else ["the agent that runs came with an earlier run, and is another one"]
        return failed("bundle", named([*map(_told, ours), *other]))
    if odd:
        return declared("bundle", f"{script} may have changed these: {named([each.path for each in odd])}")
    return verified("bundle")


def agent_files(bundle: Path) -> Tree:
    """The agent's own, but for the bytecode that its Python has written beside them since it started."""
    return read_tree(bundle / "agent", enter=lambda name: name != _BYTECODE)


def packed_agent(member: Path) -> str:
    """The digest of `agent_files` where a bundle's shared member (bundle/shared.py) is unpacked as it is."""
    with tarfile.open(member) as tar:
        ours = itertools.takewhile(lambda entry: entry.name.startswith(_AGENT), tar)
        return Tree({entry.name.removeprefix(_AGENT): _entry(tar, entry) for entry in ours}).digest


def _unpacked(bundle: Path) -> Tree:
    """All that lies there, but for bytecode of the agent and of its packages. In the source it is somebody else's: no
    task has run yet, none travels, and a task's Python would believe it."""
    whole = read_tree(bundle)
    entries = {path: entry for path, entry in whole.entries.items() if not _of_agents_python(path)}
    return Tree(entries, tuple(each for each in whole.unread if not _of_agents_python(each[0])))


def _of_agents_python(path: str) -> bool:
    return not path.startswith(_SOURCE) and _BYTECODE in path.split("/")


def _packed(archive: Path) -> Tree:
    """What the archive holds; of a name that it has twice, what is unpacked last."""
    entries: dict[str, Entry] = {}
    with tarfile.open(archive, errors="surrogateescape") as tar:
        for member in tar:
            if member.issym() or member.isfile():
                entries[member.name] = _entry(tar, member)
    return Tree(entries)


def _entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    """Of a file or a link."""
    if member.issym():
        target = member.linkname.encode("utf-8", "surrogateescape")
        return Entry(LINK, hashlib.sha256(target).hexdigest())
    digest, content = hashlib.sha256(), tar.extractfile(member)
    while content is not None and (block := content.read(_BLOCK)):
        digest.update(block)
    return Entry(PROGRAM if member.mode & 0o100 else FILE, digest.hexdigest())


def _told(deviation: Deviation) -> str:
    return f"{deviation.path} is not in the archive" if deviation.kind is Kind.FOREIGN else str(deviation)
