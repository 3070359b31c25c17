"""What NVIDIA's own tool says of the node's GPUs: a program of its own, because a driver may hang."""

from __future__ import annotations

import logging
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
_log = logging.getLogger(__name__)


class GpuFigures:
    """Asks nvidia-smi; where there is none, or it does not answer three times, no more."""

    def __init__(self) -> None:
        self._tool = shutil.which("nvidia-smi")
        self._silent = 0
        self._hanging: subprocess.Popen[bytes] | None = None

    def read(self) -> dict[str, float]:
        """`gpu<index>_<figure>`; {} where there is no GPU that says anything."""
        if self._tool is None or self._silent >= _MOST_SILENT:
            return {}
        table = self._ask(self._tool)
        if table is None:
            self._silent += 1
            if self._silent == _MOST_SILENT:
                _log.warning("nvidia-smi has not answered %d times: no more figures of GPUs", _MOST_SILENT)
            return {}
        self._silent = 0
        return figures_of(table.decode("utf-8", "replace"))

    def _ask(self, tool: str) -> bytes | None:
        """The table, None where it does not come in time. What hangs in the driver ends by no signal: nobody waits for
        it, and no second one is started beside it."""
        if self._hanging is not None and self._hanging.poll() is None:
            return None
        command = [tool, f"--query-gpu=index,{','.join(_FIELDS)}", "--format=csv,noheader,nounits"]
        nothing = subprocess.DEVNULL
        try:
            asked = subprocess.Popen(command, stdin=nothing, stdout=subprocess.PIPE, stderr=nothing)
        except OSError:
            return None
        try:
            table = asked.communicate(timeout=_SECONDS)[0]
        except subprocess.TimeoutExpired:
            asked.kill()
            self._hanging = asked
            return None
        return table if asked.returncode == 0 else None


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
