"""`python -m bench.language_host FOLDER` builds `pulumi-language-python` into FOLDER, for the bare `pulumi preview` of
`bench check`: with FOLDER on PATH, a Pulumi that was built from its Go modules runs a Python program.

The host itself is of the newest SDK whose Go module has it (later ones keep it in a module that no version names); what
it runs the program with, `pulumi-language-python-exec`, is of the same version as the tool. Go fetches both, and checks
them against its checksum database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tfinfra.engine.tool.toolchain import VERSION

HOST = "3.68.0"
_MODULE = "github.com/pulumi/pulumi/sdk/v3"
_NAME = "pulumi-language-python"


def build(folder: Path) -> Path:
    """The host, in `folder`, with its executor beside it. Raises CalledProcessError where Go fails."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "go.mod").write_text("module bench.local/language-host\n\ngo 1.21\n", encoding="utf-8")
        _go(work, "get", f"{_MODULE}/python/cmd/{_NAME}@v{HOST}")
        _go(work, "build", "-trimpath", "-o", str(folder / _NAME), f"{_MODULE}/python/cmd/{_NAME}")
        executor = _sources(work, VERSION) / f"python/cmd/{_NAME}-exec"
        (folder / executor.name).write_bytes(executor.read_bytes())
    (folder / executor.name).chmod(0o755)
    return folder / _NAME


def _sources(work: Path, version: str) -> Path:
    """The module's folder in Go's own cache."""
    return Path(json.loads(_go(work, "mod", "download", "-json", f"{_MODULE}@v{version}"))["Dir"])


def _go(work: Path, *words: str) -> str:
    environ: Mapping[str, str] = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOFLAGS": ""}
    return subprocess.run(["go", *words], cwd=work, env=environ, stdout=subprocess.PIPE, text=True, check=True).stdout


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(build(Path(sys.argv[1]).absolute()))
    except FileNotFoundError:
        sys.exit("there is no Go to build it with: go.dev/dl")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(error.cmd)}: exit status {error.returncode}")
