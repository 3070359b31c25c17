"""`python -I -S meter.py OUT COMMAND…`: runs the command and writes its seconds, those of a CPU among them, and its
peak memory to OUT as JSON.

Kept to the standard library and small: on Linux a process's ru_maxrss begins with the memory of whoever started it.
"""

import json
import os
import sys
import time
from pathlib import Path


def main(out: Path, argv: list[str]) -> int:
    began = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, os.environ)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - began
    kib = usage.ru_maxrss / 1024 if sys.platform == "darwin" else usage.ru_maxrss
    cpu = usage.ru_utime + usage.ru_stime
    out.write_text(json.dumps({"seconds": seconds, "cpu_s": cpu, "peak_mib": kib / 1024}))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
