"""What is seen of the training environment on this node: its build's own record and, under a lock, every file of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfinfra.environment.proof.installed_tree import read_environment, stored_tree
from tfinfra.environment.proof.interpreter_build import interpreter_digest
from tfinfra.environment.proof.tree import Tree
from tfinfra.model import InstalledTree, NodeEnvironment
from tfinfra.system.file_digest import sha256_of


@dataclass(frozen=True)
class Look:
    """What is seen of an environment. `stored` is what its build has recorded; `tree` and `interpreter` are this node's
    own, None where it was not asked to read all files."""

    folder: Path
    python: str
    stored: InstalledTree | None
    tree: Tree | None = None
    interpreter: str | None = None


def look_at(environment: Path, *, whole: bool) -> Look:
    """`whole`: every file is read. Raises OSError where there is no interpreter."""
    python, stored = python_version(environment), stored_tree(environment)
    if not whole:
        return Look(environment, python, stored)
    return Look(environment, python, stored, read_environment(environment), interpreter_digest(environment))


def recorded(look: Look, key: str, cache: Path) -> NodeEnvironment:
    """As it stands in the node's evidence. `cache` holds what was built on this node."""
    tree = look.tree.digest if look.tree else look.stored.digest if look.stored else None
    interpreter = look.interpreter or (look.stored.interpreter if look.stored else None)
    wheels = {path.name: sha256_of(path) for path in sorted(cache.glob("wheels/*/*.whl"))}
    return NodeEnvironment(key, look.python, interpreter, tree, look.tree is not None, wheels)


def python_version(environment: Path) -> str:
    """The exact version of the environment's Python, as its maker wrote it down; "" where nobody did."""
    try:
        lines = (environment / "pyvenv.cfg").read_text("utf-8").splitlines()
    except (OSError, ValueError):
        made = [path.name.split("-") for path in environment.glob("conda-meta/python-*.json")]
        return next((parts[1] for parts in made if len(parts) == 3), "")
    rows = {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}
    return rows.get("version_info") or rows.get("version") or ""
