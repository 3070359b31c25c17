"""Runs the stages of the machine's own cloud-init, one after the other as its boot units do, in one process: the stages
share its imports. Its source is handed to the system's Python inside a node; nothing of tfinfra is there.

A disk that must grow is named with its full size in MB. It has no partition that growpart could grow, and no file
system of those that resizefs knows: it grows where the merged configuration lets those two modules run, and not else.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

CONFIG = Path("/var/lib/cloud/instance/cloud-config.txt")
STAGES = (("init", "--local"), ("init",), ("modules", "--mode=config"), ("modules", "--mode=final"))


def main() -> int:
    """Returns the first exit status that is not 0, as cloud-init's own code has it."""
    from cloudinit.cmd.main import main as cloud_init  # type: ignore[import-not-found]

    worst = 0
    for stage in STAGES:
        began = time.monotonic()
        try:
            status = cloud_init(["cloud-init", *stage])
        except SystemExit as end:
            status = end.code
        print(f"cloud-init {' '.join(stage)}: {status}, {time.monotonic() - began:.2f} s", flush=True)
        worst = worst or int(status or 0)
        if stage == ("init",) and len(sys.argv) > 2:
            grow(*sys.argv[1:3])
    return worst


def grow(disk: str, size_mb: str) -> None:
    """Gives the file system mounted at `disk` its full size, as growpart and resizefs do in this stage."""
    import yaml
    from cloudinit import util  # type: ignore[import-not-found]

    config = yaml.safe_load(CONFIG.read_text()) or {}
    partition = (config.get("growpart") or {}).get("mode", "auto")
    file_system = config.get("resize_rootfs", True)
    if util.is_false(partition) or not util.translate_bool(file_system, addons=["noblock"]):
        print("the disk stays as small as its image: the configuration forbids to grow it", flush=True)
        return
    subprocess.run(["mount", "-o", f"remount,size={size_mb}m", disk], check=True)
    print(f"the disk has grown to {size_mb} MB", flush=True)


if __name__ == "__main__":
    sys.exit(main())
