"""What a build made of a lock, as one digest, and with what: kept in the environment, to be held against a later look
at it, and against what another machine made of the same lock.

    tfinfra-tree.txt         every file of the environment with its digest (tree.py)
    tfinfra-installed.json   an InstalledTree
"""

from __future__ import annotations

import json
from dataclasses import replace
from enum import Enum
from pathlib import Path

from tfinfra.environment.proof.deviation import Deviation, Kind
from tfinfra.environment.proof.interpreter_build import interpreter_digest
from tfinfra.environment.proof.tree import Tree, deviations, parse_tree, read_tree
from tfinfra.environment.whole_environment import MARKER
from tfinfra.model import InstalledTree, from_json, to_json

LIST = "tfinfra-tree.txt"
RECORD = "tfinfra-installed.json"
_BESIDE = (MARKER, LIST, RECORD)
"""Files at the top of an environment that are no part of it."""


class Proof(Enum):
    VERIFIED = "verified"
    DECLARED = "declared"
    FAILED = "failed"


def read_environment(environment: Path) -> Tree:
    """All its files as they are now: about 3 s on two cores for the 19,000 files, 1.3 GB, of TensorFlow and Horovod."""
    return read_tree(environment, without=_BESIDE)


def installed_tree(environment: Path) -> InstalledTree | None:
    """What it is now, all files read; None where its build has left no record. Raises OSError where it has no
    interpreter, or one that cannot be read."""
    stored = stored_tree(environment)
    if stored is None:
        return None
    digest, interpreter = read_environment(environment).digest, interpreter_digest(environment)
    return replace(stored, digest=digest, interpreter=interpreter)


def stored_tree(environment: Path) -> InstalledTree | None:
    """What its build has recorded: nothing else is read. None where it has left no record."""
    try:
        return from_json(InstalledTree, json.loads((environment / RECORD).read_text("utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def store_tree(environment: Path, installer: str, compiler: str = "", declared: tuple[str, ...] = ()) -> InstalledTree:
    """Records what has just been built, by what. Raises OSError."""
    tree = read_environment(environment)
    if tree.unread:
        name, why = tree.unread[0]
        raise OSError(f"{environment / name}: {why}")
    installed = InstalledTree(tree.digest, interpreter_digest(environment), installer, compiler, declared)
    (environment / LIST).write_bytes(tree.text.encode("utf-8", "surrogateescape"))
    (environment / RECORD).write_text(json.dumps(to_json(installed), indent=1) + "\n", "utf-8")
    return installed


def changes_since_build(environment: Path, tree: Tree) -> tuple[Deviation, ...]:
    """What of `tree`, which `read_environment` gave, is not as its build has listed it. The list lies beside the files,
    so it is held against the digest of the build's record too; who has changed all three is found by a digest that is
    kept elsewhere (`compare`)."""
    stored = stored_tree(environment)
    if stored is None:
        return (Deviation(Kind.MISSING, RECORD, "the environment's build has left no record that can be read"),)
    try:
        listed = parse_tree((environment / LIST).read_bytes().decode("utf-8", "surrogateescape"))
    except OSError as error:
        return (Deviation(Kind.UNVERIFIABLE, LIST, f"cannot be read: {error.strerror}"),)
    except ValueError as error:
        return (Deviation(Kind.CHANGED, LIST, str(error)),)
    if listed.digest != stored.digest:
        return (Deviation(Kind.CHANGED, LIST, "is not the list that the build has recorded"),)
    return deviations(listed, tree)


def compare(locked: InstalledTree, here: InstalledTree) -> tuple[Proof, str]:
    """Whether two builds of one lock hold the same bytes, with a sentence that says why that cannot be told where the
    answer is `declared`, and what is wrong where it is `failed`. What `here` has declared plays no part: the reasons
    follow from the lock, and a record that lies beside what it is about could name any."""
    if locked.digest == here.digest and locked.interpreter == here.interpreter:
        return Proof.VERIFIED, f"the installed tree is sha256:{here.digest}"
    reasons = list(locked.declared)
    if locked.interpreter != here.interpreter:
        reasons.append(
            f"the interpreter is another build: {_short(here.interpreter)}, not {_short(locked.interpreter)}"
        )
    if locked.installer != here.installer:
        reasons.append(f"the packages were installed by {here.installer}, not by {locked.installer}")
    if locked.compiler and locked.compiler != here.compiler:  # else the lock has nothing that could be compiled
        reasons.append(f"Horovod was compiled by {here.compiler or 'nobody'}, not by {locked.compiler}")
    if reasons:
        return Proof.DECLARED, "; ".join(reasons)
    return Proof.FAILED, f"the installed tree is sha256:{here.digest}, and the lock says sha256:{locked.digest}"


def _short(digest: str) -> str:
    return f"sha256:{digest[:12]}…"
