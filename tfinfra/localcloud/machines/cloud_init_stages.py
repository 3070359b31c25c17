"""Runs the stages of the machine's own cloud-init, one after the other as its boot units do, in one process: the stages
share its imports. Its source is handed to the system's Python inside a node; nothing of tfinfra is there."""

from __future__ import annotations

import sys
import time

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
    return worst


if __name__ == "__main__":
    sys.exit(main())
