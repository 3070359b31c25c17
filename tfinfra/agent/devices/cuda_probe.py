"""Asks NVIDIA's driver, as a program of its own, because a driver may hang; the standard library alone.

`python cuda_probe.py LIBRARY` prints one JSON object, the fields of gate.Cuda: what cuInit gave, the driver's version
(1000 * major + 10 * minor of the newest CUDA that it serves), and of each GPU its compute capability (80 for 8.0) and
what a small allocation on it gave. The functions: docs.nvidia.com/cuda/cuda-driver-api.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_…
_BYTES = 1 << 20


def ask(library: str) -> dict[str, Any]:
    """The whole answer; "problem" where there is no driver to ask."""
    try:
        cuda = ctypes.CDLL(library)
    except OSError as error:
        return {"problem": str(error)}
    version, count = ctypes.c_int(), ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(version))
    status = cuda.cuInit(0)
    if status == 0:
        status = cuda.cuDeviceGetCount(ctypes.byref(count))
    gpus = []
    for index in range(count.value if status == 0 else 0):
        device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        wrong = cuda.cuDeviceGet(ctypes.byref(device), index)
        cuda.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, device)
        cuda.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, device)
        gpus.append({"capability": 10 * major.value + minor.value, "status": wrong or _allocate(cuda, device)})
    return {"status": status, "driver": version.value, "gpus": gpus}


def _allocate(cuda: ctypes.CDLL, device: ctypes.c_int) -> int:
    """0, or the first error of a small allocation: a GPU with broken memory is counted like any other."""
    context, memory = ctypes.c_void_p(), ctypes.c_uint64()
    status: int = cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device)
    if status:
        return status
    status = cuda.cuCtxSetCurrent(context) or cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(_BYTES))
    if not status:
        status = cuda.cuMemFree_v2(memory)
    cuda.cuDevicePrimaryCtxRelease_v2(device)
    return status


if __name__ == "__main__":
    print(json.dumps(ask(sys.argv[1])))
