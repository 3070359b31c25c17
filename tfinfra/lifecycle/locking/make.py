"""A compiled manifest → the text of its lock. What a lock cannot hold is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from tfinfra.compiler.load import known_aliases
from tfinfra.compiler.packages.located import refused_at_their_lines
from tfinfra.compiler.pipeline import Compiled
from tfinfra.engine.tool.toolchain import find_cli
from tfinfra.errors import ManifestError
from tfinfra.lifecycle.locking.as_it_is import as_it_is
from tfinfra.lifecycle.locking.blob_listings import lister_of, with_listings
from tfinfra.lifecycle.locking.index_refusal import index_refused_here
from tfinfra.lifecycle.locking.known_requests import requests_of
from tfinfra.lifecycle.locking.locked_environment import Upgrade, environment_of
from tfinfra.locking.document import VERSION, LockedInfrastructure, LockedTool, ManifestLock
from tfinfra.locking.read import ReadLock
from tfinfra.locking.write import finished
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.document import error_at
from tfinfra.system.file_digest import sha256_of
from tfinfra.system.local_tree import Trust
from tfinfra.system.progress import Progress
from tfinfra.travel.git_state import git_state

_NO_DIGEST = f"sha256:{'0' * 64}"


def make(
    compiled: Compiled, manifest: Path, before: ReadLock | None, upgrade: Upgrade, *, folder: Path, progress: Progress
) -> tuple[ManifestLock, str]:
    """The lock of a manifest, and its text; `before` is the one that it had, whose versions stay where they fit. Raises
    ManifestError for what no lock can hold."""
    refuse_newest_image(compiled)
    aliases = known_aliases()
    with index_refused_here(compiled), refused_at_their_lines(compiled.manifest, compiled.facts.project):
        now = as_it_is(compiled, manifest, aliases, folder=folder, trust=Trust.ALL_TIMES, progress=progress)
        now = with_listings(now, lister_of(compiled), progress)
        kept = before.lock.environment if before and before.lock and not before.is_stale else None
        environment = environment_of(compiled, now.asked, kept, upgrade, aliases=aliases, progress=progress)
    requests = requests_of(compiled, progress, anew=True)
    assert requests is not None  # noqa: S101 - whoever locks has the whole installation
    lock = ManifestLock(
        version=VERSION,
        digest=_NO_DIGEST,
        tfinfra=LockedTool(now.tfinfra),
        manifest=now.manifest,
        target=now.target,
        source=replace(now.source, git=git_state(compiled.source_root, compiled.travels)),
        environment=environment,
        infrastructure=LockedInfrastructure(
            deploy=now.deploy,
            engine=replace(now.engine, tool=_tool_digest()),
            image=now.image,
            bodies=requests.bodies,
            custom_data=requests.custom_data,
            role_actions=requests.role_actions,
        ),
        launch=now.launch,
        inputs=dict(now.inputs),
        checkpoints=now.checkpoints,
    )
    return finished(now.keys, lock)


def _tool_digest() -> str | None:
    """Of Pulumi's command line tool, None where there is none yet: locking makes none."""
    tool = find_cli()
    return f"sha256:{sha256_of(tool)}" if tool is not None else None


def refuse_newest_image(compiled: Compiled) -> None:
    """Raises ManifestError where an image is not a certain one."""
    facts = compiled.facts
    for image in (choice.image for choice in compiled.plan.choices):
        if image.newest:
            chosen = facts.chosen
            message = f"the image is the newest there is when a node boots ({image.name}): no lock can hold that"
            hint = "name its version: `az vm image list --all` lists them"
            raise refusal((error_at(chosen.document, "TFI910", chosen.at("image"), message, hint),))


def write(text: str, path: Path) -> bool:
    """Writes the lock; says whether the file is another one now. Raises ManifestError where it cannot be written."""
    data = text.encode()
    try:
        if path.is_symlink():
            raise ManifestError(f"'{path}' is a link, and nothing is written through one", "remove the link")
        if path.exists() and path.read_bytes() == data:
            return False
        staging = path.with_name(f".{path.name}.{token_hex(4)}")  # two may lock one manifest
        try:
            staging.write_bytes(data)
            staging.replace(path)
        finally:
            staging.unlink(missing_ok=True)
    except OSError as error:
        message = f"'{path}' cannot be written: {(error.strerror or str(error)).lower()}"
        raise ManifestError(message, "the lock lies beside its manifest") from error
    return True
