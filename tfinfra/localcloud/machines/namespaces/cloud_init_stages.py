"""Runs the stages of the machine's own cloud-init, one after the other as its boot units do, in one process: the stages
share its imports. Its source is handed to the system's Python inside a node; nothing of tfinfra is installed in a node.

A machine whose disk can grow is given a socket to ask for it. The disk has no partition that growpart could grow, and
no file system of those that resizefs knows: it grows only where the merged configuration lets those two modules
run.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

CONFIG = Path("/var/lib/cloud/instance/cloud-config.txt")
STAGES = (("init", "--local"), ("init",), ("modules", "--mode=config"), ("modules", "--mode=final"))


def main() -> int:
    """Returns the first exit status that is not 0, as cloud-init's own code has it."""
    from cloudinit.cmd.main import main as cloud_init  # type: ignore[import-not-found]

    for channel in sys.argv[1:]:
        os.set_inheritable(int(channel), False)

    worst = 0
    for stage in STAGES:
        began = time.monotonic()
        try:
            status = cloud_init(["cloud-init", *stage])
        except SystemExit as end:
            status = end.code
        print(f"cloud-init {' '.join(stage)}: {status}, {time.monotonic() - began:.2f} s", flush=True)
        worst = worst or int(status or 0)
        if stage == ("init",) and len(sys.argv) > 1:
            grow(int(sys.argv[1]))
    return worst


def grow(keeper: int) -> None:
    """Asks for the disk's full size, as growpart and resizefs do in this stage. Raises OSError without it."""
    import yaml
    from cloudinit import util  # type: ignore[import-not-found]

    config = yaml.safe_load(CONFIG.read_text("utf-8")) or {}
    partition = (config.get("growpart") or {}).get("mode", "auto")
    file_system = config.get("resize_rootfs", True)
    if util.is_false(partition) or not util.translate_bool(file_system, addons=["noblock"]):
        print("the disk stays as small as its image: the configuration forbids to grow it", flush=True)
        return
    os.write(keeper, b"grow")
    if said := os.read(keeper, 1000).decode():
        print(said, flush=True)
    else:
        raise OSError("the machine's disk could not grow: its keeper is gone")


if __name__ == "__main__":
    sys.exit(main())
