"""Every file of the training environment on this node, against the lock, its build's record and each package's own."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath

from tfinfra.agent.evidence.environment_look import Look
from tfinfra.agent.evidence.proofs import declared, failed, named, verified
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.proof.deviation import Deviation, Kind
from tfinfra.environment.proof.installed_tree import Proof, changes_since_build, compare
from tfinfra.environment.proof.package_files import foreign_files, record_deviations
from tfinfra.environment.proof.packages import InstalledPackage, installed_packages, site_folders
from tfinfra.environment.proof.tree import Tree
from tfinfra.environment.requirements.requirement import normalised
from tfinfra.model import Locked, NodeCheck

_NO_RECORD = "the environment's build has left no record of it"


def environment_checks(look: Look, lock: Lock, locked: Locked) -> tuple[NodeCheck, ...]:
    """`wheels`, `records`, `owners`, `environment` and `interpreter`, of a whole look."""
    if look.tree is None:
        raise ValueError("not all files were read")
    packages, folder = installed_packages(look.folder), look.folder
    whole = _whole(look, look.tree, locked)
    return (
        _wheels(lock, locked, packages, whole),
        _files("records", record_deviations(packages, look.tree)),
        _files("owners", (*foreign_files(packages, look.tree, site_folders(folder)), *_users_own(folder, look))),
        whole,
        _interpreter(look, locked),
    )


def _wheels(lock: Lock, locked: Locked, packages: tuple[InstalledPackage, ...], whole: NodeCheck) -> NodeCheck:
    """What is installed is what the lock names. uv has held each wheel against its hash as it installed it; that those
    bytes are still there is known where the whole tree is the lock's."""
    if lock.key != locked.environment:
        return failed("wheels", f"the bundle's environment is {lock.key}, not {locked.environment}")
    wanted, conda = _wanted(lock), {normalised(package.name) for package in lock.conda}
    named_so = {normalised(package.name): _version(package) for package in packages}
    there = {name: version for name, version in named_so.items() if name not in conda}
    faults = (_fault(name, wanted.get(name), there.get(name)) for name in sorted({*wanted, *there}))
    if wrong := [fault for fault in faults if fault]:
        return failed("wheels", named(wrong))
    if whole.proof == "verified":
        return verified("wheels")
    return declared("wheels", "each was held against its hash when the environment was built, and none is kept")


def _wanted(lock: Lock) -> dict[str, str]:
    rows = [line.split()[0].partition("==") for line in lock.packages.splitlines() if line[:1].isalnum()]
    found = {normalised(name.partition("[")[0]): version for name, _, version in rows}
    return {**found, **({"horovod": lock.horovod} if lock.horovod else {})}


def _fault(name: str, wanted: str | None, there: str | None) -> str:
    if wanted is None:
        return f"{name} {there} is installed, which the lock has not"
    if there is None:
        return f"{name} {wanted} is not installed"
    return "" if _plain(wanted) == _plain(there) else f"{name} {there} is installed, not {wanted}"


def _plain(version: str) -> tuple[str, ...]:
    """A version's parts as the index spells them: a wheel's maker may have written 2024.07.04."""
    return tuple(part.lstrip("0") or "0" for part in re.split(r"[.+_-]", version.lower()))


def _version(package: InstalledPackage) -> str:
    """Of "<name>-<version>.dist-info/RECORD", or of conda's "<name>-<version>-<build>.json"."""
    path = PurePosixPath(package.record)
    folder = path.parent.name if path.name == "RECORD" else path.stem
    return folder.removesuffix(".dist-info").split("-")[1] if "-" in folder else ""


def _files(check: str, odd: tuple[Deviation, ...]) -> NodeCheck:
    if wrong := [str(each) for each in odd if each.kind is not Kind.UNVERIFIABLE]:
        return failed(check, named(wrong))
    return declared(check, named([str(each) for each in odd])) if odd else verified(check)


def _users_own(folder: Path, look: Look) -> tuple[Deviation, ...]:
    """A Python that is no virtual environment's reads the packages of its user's home, too."""
    if (folder / "pyvenv.cfg").exists():
        return ()
    minor = ".".join(look.python.split(".")[:2])
    own = Path("~").expanduser() / f".local/lib/python{minor}/site-packages"
    return (Deviation(Kind.FOREIGN, str(own), "is read by the environment's Python"),) if own.is_dir() else ()


def _whole(look: Look, tree: Tree, locked: Locked) -> NodeCheck:
    if look.stored is None:
        return declared("environment", _NO_RECORD)
    changed = _files("environment", changes_since_build(look.folder, tree))
    if changed.proof != "verified":
        return changed
    if locked.installed is None:
        return declared("environment", "the lock has no digest of it: it was not built when the lock was made")
    here = replace(look.stored, digest=tree.digest, interpreter=look.interpreter or "")
    proof, why = compare(locked.installed, here)
    return {Proof.VERIFIED: verified("environment"), Proof.FAILED: failed("environment", why)}.get(
        proof, declared("environment", why)
    )


def _interpreter(look: Look, locked: Locked) -> NodeCheck:
    if look.python != locked.python:
        return failed("interpreter", f"it is Python {look.python or 'of no known version'}, not {locked.python}")
    if look.stored is not None and look.stored.interpreter != look.interpreter:
        return failed("interpreter", "its files are not those that the environment was built with")
    if locked.installed is None:
        return declared("interpreter", f"it is Python {look.python}, and the lock has no digest of it")
    if locked.installed.interpreter != look.interpreter:
        return declared("interpreter", f"it is another build of Python {look.python}")
    return verified("interpreter")
