"""What of tfinfra a training script can import: a package of two rooms, in a folder that has nothing else in it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tfinfra import script
from tfinfra.agent.node.node_paths import NodePaths

_FILES = ("__init__.py", "version.py", "script")


def make_script_package(paths: NodePaths) -> None:
    """Copies it from the agent's own tfinfra, so that tasks find neither the agent nor what the agent imports. Raises
    OSError."""
    source, target = Path(script.__file__).parents[1], paths.for_scripts / "tfinfra"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for name in _FILES:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source / name, target / name)
