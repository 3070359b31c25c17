"""What a failure means and what to do about it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfinfra.agent.verdict.reasons import left_early, reason_of
from tfinfra.backends.statuses import ending
from tfinfra.model import TaskStatus

FAILED = TaskStatus("main-0", 0, "failed", exit_status=1, ended=100.0)
GPU = "OOM when allocating tensor with shape[9] and type float on /job:x/device:GPU:0 by allocator GPU_0_bfc"
CPU = "OOM when allocating tensor with shape[9] and type float on /job:x/device:CPU:0 by allocator cpu"

REASONS: dict[str, tuple[TaskStatus, str, str | None, str]] = {
    "the kernel ended it": (replace(FAILED, exit_status=137, out_of_memory=True), "", "", "smaller batch"),
    "it was killed, by whom is not known": (replace(FAILED, exit_status=137), "", "", "Most often memory"),
    "the kernel ended what it had started": (
        replace(FAILED, out_of_memory=True),
        "",
        "",
        "ended a process on its node",
    ),
    "the GPU's memory": (FAILED, f"ResourceExhaustedError: {GPU} [Op:Mul]", "the GPU's memory ran out", "GPUs"),
    "CUDA's own words": (FAILED, "RuntimeError: CUDA out of memory. Tried", "the GPU's memory ran out", "GPUs"),
    "the node's memory, by TensorFlow": (FAILED, f"ResourceExhaustedError: {CPU}", "memory ran out", "vm_size"),
    "the node's memory, by Python": (FAILED, "MemoryError", "memory ran out", "vm_size"),
    "the node's memory, by NumPy": (
        FAILED,
        "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 7 GiB",
        "memory ran out",
        "vm_size",
    ),
    "the node's memory, by C++": (
        replace(FAILED, exit_status=134),
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "memory ran out",
        "vm_size",
    ),
    "a disk": (FAILED, "OSError: [Errno 28] No space left on device", "a disk was full", "os_disk_gb"),
    "another CPU's instruction": (replace(FAILED, exit_status=132), "", "", "CPU lacks"),
    "a mapped file": (replace(FAILED, exit_status=135), "", "", "/dev/shm"),
    "native code": (replace(FAILED, exit_status=139), "", "", "native code crashed"),
    "somebody's TERM": (replace(FAILED, exit_status=143), "", "", "tfinfra did not send it"),
    "sys.exit(-1), which is no signal": (replace(FAILED, exit_status=255), "", None, ""),
    "a message too long for gRPC, which is no memory": (
        FAILED,
        "ResourceExhaustedError: received message larger than max (5 vs. 4)",
        None,
        "",
    ),
    "a rank that its launcher ended": (replace(FAILED, exit_status=137, cut_off=True), "", None, ""),
    "an ordinary exception": (FAILED, "ValueError: bad row", None, ""),
}


@pytest.mark.parametrize(("status", "words", "what", "hint"), REASONS.values(), ids=REASONS.keys())
def test_a_failure_is_called_what_it_is(status: TaskStatus, words: str, what: str | None, hint: str) -> None:
    found = reason_of(status, ["step 1", words])
    if what is None:
        assert found is None
    else:
        assert found is not None and found.what == what and hint in found.hint


def test_the_ends_that_are_signals_are_named() -> None:
    assert ending(replace(FAILED, exit_status=132)) == "main-0 on node 0 was ended by SIGILL (exit status 132)"
    assert ending(replace(FAILED, exit_status=255)) == "main-0 on node 0 ended with exit status 255"
    starved = ending(replace(FAILED, exit_status=137, out_of_memory=True))
    assert starved.endswith("(exit status 137): the kernel ended it, as memory had run out")


SHUT_DOWN = [
    "horovod.common.exceptions.HorovodInternalError: Horovod has been shut down. This was caused by an exception"
]
GONE = TaskStatus("rank-1", 1, "succeeded", exit_status=0, ended=99.0)


def test_the_rank_that_left_before_the_others_is_found() -> None:
    assert left_early(FAILED, [FAILED, GONE], SHUT_DOWN) == GONE


def test_a_good_end_is_no_cause_where_horovod_was_not_shut_down() -> None:
    assert left_early(FAILED, [FAILED, GONE], ["ValueError: bad row"]) is None
    assert left_early(FAILED, [FAILED], SHUT_DOWN) is None
