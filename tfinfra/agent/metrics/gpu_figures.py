"""What NVIDIA's own tool says of the node's GPUs: a program of its own, because a driver may hang."""

from __future__ import annotations

import shutil
import subprocess

_FIELDS = {
    "utilization.gpu": ("utilization_percent", 1.0),
    "memory.used": ("memory_used_bytes", 1024.0**2),
    "memory.total": ("memory_total_bytes", 1024.0**2),
    "power.draw": ("power_watts", 1.0),
    "temperature.gpu": ("temperature_celsius", 1.0),
    "ecc.errors.corrected.volatile.total": ("ecc_corrected", 1.0),
    "ecc.errors.uncorrected.volatile.total": ("ecc_uncorrected", 1.0),
}
"""What is asked (`nvidia-smi --help-query-gpu`): (what its figure is called, what a unit of it is)."""
_SECONDS = 5.0
_MOST_SILENT = 3


class GpuFigures:
    """Asks nvidia-smi; where there is none, or it does not answer three times, no more."""

    def __init__(self) -> None:
        self._tool = shutil.which("nvidia-smi")
        self._silent = 0

    def read(self) -> dict[str, float]:
        """`gpu<index>_<figure>`; {} where there is no GPU that says anything."""
        if self._tool is None or self._silent >= _MOST_SILENT:
            return {}
        query = f"--query-gpu=index,{','.join(_FIELDS)}"
        try:
            done = subprocess.run(
                [self._tool, query, "--format=csv,noheader,nounits"],
                check=True,
                capture_output=True,
                timeout=_SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            self._silent += 1
            return {}
        self._silent = 0
        return figures_of(done.stdout.decode("utf-8", "replace"))


def figures_of(table: str) -> dict[str, float]:
    """The figures in nvidia-smi's table. What a GPU does not have is "[N/A]" or "[Not Supported]" there."""
    found = {}
    for line in table.splitlines():
        index, *cells = (cell.strip() for cell in line.split(","))
        for (name, unit), cell in zip(_FIELDS.values(), cells, strict=False):
            try:
                found[f"gpu{int(index)}_{name}"] = float(cell) * unit
            except ValueError:
                continue
    return found
