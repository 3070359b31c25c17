"""Packs the stand-in as Pulumi's own provider is packed, for rehearsals of everything that happens on Azure: an archive
that a mirror folder or `pulumi plugin install --file` takes.

The program in it is a launcher of this very installation of tfinfra. Nothing attaches it to the engine, which finds and
starts it as it does the real one; ARM, the caller and the subscription come from its configuration and environment.
"""

from __future__ import annotations

import argparse
import gzip
import io
import shlex
import sys
import tarfile
from pathlib import Path

from tfinfra.arm.azure_native import BINARY, archive_name
from tfinfra.system.process.child_python import search_path

# The shell reads the second line and becomes Python, for which it is a text: a path may hold spaces and be long, which
# the first line of a script may not.
_LAUNCHER = """\
#!/bin/sh
'''exec' {python} -I "$0" "$@"
' '''
import sys

sys.path += [entry for entry in {entries} if entry not in sys.path]
from tfinfra.localcloud.plugin.__main__ import main

sys.argv[1:1] = ["--pace", "{pace}"]
main()
"""


def package(folder: Path, pace: float = 1.0) -> Path:
    """Writes the archive into `folder`, with the same bytes for the same `pace` and installation; returns its path.

    `pace` is what azure-native's own waits are multiplied by.
    """
    launcher = _LAUNCHER.format(python=shlex.quote(sys.executable), pace=pace, entries=search_path()).encode()
    path = folder / archive_name()
    folder.mkdir(parents=True, exist_ok=True)
    with gzip.GzipFile(path, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        member = tarfile.TarInfo(BINARY)
        member.size, member.mode = len(launcher), 0o755
        archive.addfile(member, io.BytesIO(launcher))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tfinfra.localcloud.plugin.package", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pace", type=float, default=1.0)
    options = parser.parse_args()
    print(package(options.folder, options.pace))


if __name__ == "__main__":
    main()
