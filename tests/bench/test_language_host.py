"""The language host of the bare previews, with a Go that is played: it stands beside the executor of the tool's own
version, as Pulumi looks for it."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from bench.language_host import HOST, build
from tfinfra.engine.tool.toolchain import VERSION

GO = """#!/bin/sh
echo "$*" >> {asked}
case $1 in
build) while [ "$1" != -o ]; do shift; done; echo host > "$2" ;;
mod) echo {downloaded} ;;
esac
"""


def test_the_host_stands_beside_the_executor_of_the_tools_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = tmp_path / "source/python/cmd/pulumi-language-python-exec"
    executor.parent.mkdir(parents=True)
    executor.write_text("run it\n")
    downloaded = shlex.quote(json.dumps({"Dir": str(tmp_path / "source")}))
    go = tmp_path / "bin/go"
    go.parent.mkdir()
    go.write_text(GO.format(asked=tmp_path / "asked", downloaded=downloaded))
    go.chmod(0o755)
    monkeypatch.setenv("PATH", f"{go.parent}{os.pathsep}{os.environ['PATH']}")
    host = build(tmp_path / "made")
    assert host.read_text() == "host\n"
    beside = host.with_name("pulumi-language-python-exec")
    assert (beside.read_text(), os.access(beside, os.X_OK)) == ("run it\n", True)
    asked = (tmp_path / "asked").read_text().splitlines()
    module = "github.com/pulumi/pulumi/sdk/v3"
    assert asked[0] == f"get {module}/python/cmd/pulumi-language-python@v{HOST}"
    assert asked[2] == f"mod download -json {module}@v{VERSION}"
