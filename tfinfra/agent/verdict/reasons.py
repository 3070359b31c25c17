"""What a failure means and what to do about it, by the task's status and its last words: memory, disks, signals."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tfinfra.backends.statuses import MEMORY
from tfinfra.model import TaskStatus

_KILLED = 128 + signal.SIGKILL
_MORE_MEMORY = "a smaller batch, fewer processes on a node, or a vm_size with more memory"


@dataclass(frozen=True)
class Reason:
    """`what` goes behind the message, "" where that says it already; `hint` is the way out."""

    what: str
    hint: str


_GPU_MEMORY = Reason("the GPU's memory ran out", "a smaller batch, or a vm_size whose GPUs have more memory")
_HOST_MEMORY = Reason("memory ran out", _MORE_MEMORY)
_DISK = Reason(
    "a disk was full", "a larger os_disk_gb where that is the system's; /dev/shm is a part of the node's memory"
)
_BY_TEXT: tuple[tuple[str, Reason], ...] = (
    (r"OOM when allocating tensor.*\bdevice:GPU\b|CUDA_ERROR_OUT_OF_MEMORY|CUDA out of memory", _GPU_MEMORY),
    (
        r"Out of memory while trying to allocate|failed to allocate memory on .*GPU|CUBLAS_STATUS_ALLOC_FAILED",
        _GPU_MEMORY,
    ),
    (
        r"OOM when allocating tensor|(?:^|\.)_?(?:Array)?MemoryError\b|std::bad_alloc|Cannot allocate memory",
        _HOST_MEMORY,
    ),
    (r"\[Errno 28\]|No space left on device", _DISK),
)
_BY_SIGNAL: Mapping[int, str] = {
    signal.SIGILL: "an instruction that this size's CPU lacks (AVX, AVX-512): a package built for another CPU, or "
    "another vm_size",
    signal.SIGBUS: "most often /dev/shm or a disk was full, or a mapped file was cut short meanwhile",
    signal.SIGSEGV: "native code crashed: the lines above say where the script was, as far as they are Python's",
    signal.SIGABRT: "native code gave up: its own words are among the lines above, or in the task's log",
    signal.SIGFPE: "native code divided by zero",
    signal.SIGSYS: "it asked the kernel for something that machines refuse it",
    signal.SIGXCPU: "it used more CPU time than its limit (ulimit -t) allows",
    signal.SIGXFSZ: "it wrote a file larger than its limit (ulimit -f) allows",
    **dict.fromkeys(
        (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT),
        "tfinfra did not send it: the script itself, what it started, or somebody on the node did",
    ),
}
_KILL = (
    "tfinfra did not send it. Most often memory had run out, and the kernel, systemd-oomd or a container's limit ended "
    f"it: {_MORE_MEMORY}. Else the script, what it started, or somebody on the node did"
)
_SHUT_DOWN = re.compile(r"Horovod has been shut down")


def reason_of(status: TaskStatus, words: Iterable[str]) -> Reason | None:
    """Why a task failed, by its exit status and its last `words`, None where they do not say."""
    if status.exit_status == _KILLED and status.out_of_memory:
        return Reason("", _MORE_MEMORY)
    text = "\n".join(words)
    found = next((reason for form, reason in _BY_TEXT if re.search(form, text, re.MULTILINE)), None)
    if found is None and status.out_of_memory:
        return Reason("", f"while it ran {MEMORY.replace('ended it', 'ended a process on its node')}: {_MORE_MEMORY}")
    if found is not None or status.exit_status is None:
        return found
    if status.exit_status == _KILLED and not status.cut_off:
        return Reason("", _KILL)
    sent = _BY_SIGNAL.get(status.exit_status - 128)
    return Reason("", sent) if sent else None


def left_early(status: TaskStatus, statuses: Iterable[TaskStatus], words: Sequence[str]) -> TaskStatus | None:
    """The rank whose good end shut Horovod down for `status`, which still had work; None where that is not the
    cause."""
    if not any(map(_SHUT_DOWN.search, words)):
        return None
    gone = (each for each in statuses if each.state == "succeeded" and (each.ended or 0.0) <= (status.ended or 0.0) + 2)
    return min(gone, key=lambda each: (each.ended or 0.0, each.task), default=None)
