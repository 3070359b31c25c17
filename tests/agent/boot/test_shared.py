"""The directory that all nodes of a run share, where a bootstrap mounts it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfinfra.agent.boot.shared_directory import shared_directory
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node_errors import NodeFault

SHARE = "nfs://account.file.core.windows.net/account/shared"


def test_a_share_that_is_not_mounted_is_a_fault_of_the_node(tmp_path: Path) -> None:
    with pytest.raises(NodeFault, match="is not mounted at"):
        shared_directory(SHARE, NodePaths(tmp_path))


def test_a_share_is_where_the_bootstrap_mounts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = NodePaths(tmp_path)
    monkeypatch.setattr(os.path, "ismount", lambda path: path == paths.mounted_shared)
    assert shared_directory(SHARE, paths) == paths.mounted_shared
