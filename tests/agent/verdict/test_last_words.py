"""What is shown of a failed task's log: the cause, wherever it stands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tfinfra.agent.verdict.last_words import SHOWN, last_words

TRACE = 'Traceback (most recent call last):\n  File "t.py", line 1, in <module>\n    f()\n'
DIRECT = "\nThe above exception was the direct cause of the following exception:\n\n"
DURING = "\nDuring handling of the above exception, another exception occurred:\n\n"
PAGES = "\n".join(f"  File line {n}" for n in range(60))
TIME = "2024-01-02 03:04:05.678901"

CAUSES = {
    "an exception above pages": (f"{TRACE}ValueError: bad row\n{PAGES}", ["ValueError: bad row"]),
    "one whose class is the script's own": (f"{TRACE}__main__.NoData: empty\n{PAGES}", ["__main__.NoData: empty"]),
    "one of NumPy's that begins with _": (
        f"{TRACE}numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7 GiB\n{PAGES}",
        ["numpy.core._exceptions._ArrayMemoryError: Unable to allocate 7 GiB"],
    ),
    "an exception raised from another": (
        f"{TRACE}KeyError: 'label'\n{DIRECT}{TRACE}RuntimeError: no example\n{PAGES}",
        ["KeyError: 'label'", "RuntimeError: no example"],
    ),
    "the first and the last of three": (
        f"{TRACE}OSError: a\n{DURING}{TRACE}KeyError: b\n{DIRECT}{TRACE}RuntimeError: c\n{PAGES}",
        ["OSError: a", "RuntimeError: c"],
    ),
    "an earlier one that the script lived through": (
        f"{TRACE}OSError: tried again\nstep 3\n{TRACE}KeyError: b\n{PAGES}",
        ["KeyError: b"],
    ),
    "a syntax error, which has no traceback": (
        f'  File "t.py", line 1\n    x =\n       ^\nSyntaxError: invalid syntax\n{PAGES}',
        ["SyntaxError: invalid syntax"],
    ),
    "what Python ignores on its way out": (
        f"{TRACE}ValueError: bad row\nException ignored in: <function f at 0x7f>\n{TRACE}TypeError: late\n{PAGES}",
        ["ValueError: bad row"],
    ),
    "C++ that nobody caught": (
        f"terminate called after throwing an instance of 'std::runtime_error'\n  what():  no device\n"
        f"Fatal Python error: Aborted\n\nThread 0x00007f (most recent call first):\n{PAGES}",
        [
            "terminate called after throwing an instance of 'std::runtime_error'",
            "what():  no device",
            "Fatal Python error: Aborted",
        ],
    ),
    "a thread that was not joined, after the exception": (
        f"{TRACE}ValueError: bad row\nterminate called without an active exception\n{PAGES}",
        ["ValueError: bad row", "terminate called without an active exception"],
    ),
    "a failed check of TensorFlow's": (
        f"{TIME}: F tensorflow/core/framework/tensor.cc:844] Check failed: 1 == 2 (1 vs. 2)\n{PAGES}",
        [f"{TIME}: F tensorflow/core/framework/tensor.cc:844] Check failed: 1 == 2 (1 vs. 2)"],
    ),
    "a heap that glibc found broken": (f"free(): invalid pointer\n{PAGES}", ["free(): invalid pointer"]),
    "an abort of MPI": (
        f"MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD\n{PAGES}",
        ["MPI_ABORT was invoked on rank 1 in communicator MPI_COMM_WORLD"],
    ),
    "NCCL's own warning, before its exception": (
        f"n1:7:9 [0] misc/socket.cc:49 NCCL WARN Connect to 10.0.0.4 failed\n{TRACE}"
        f"HorovodInternalError: ncclSystemError\n{PAGES}",
        ["n1:7:9 [0] misc/socket.cc:49 NCCL WARN Connect to 10.0.0.4 failed", "HorovodInternalError: ncclSystemError"],
    ),
    "a program that failed below the script": (
        f"{TRACE}subprocess.CalledProcessError: Command '['gcc']' returned non-zero exit status 1.\n{PAGES}",
        ["subprocess.CalledProcessError: Command '['gcc']' returned non-zero exit status 1."],
    ),
    "what logging calls an error, where nothing else is there": (
        f"ERROR:root:no data\n{PAGES}",
        ["ERROR:root:no data"],
    ),
    "another language": (f"{TRACE}ValueError: données vides — 空\n{PAGES}", ["ValueError: données vides — 空"]),
}


@pytest.mark.parametrize(("log", "causes"), CAUSES.values(), ids=CAUSES.keys())
def test_the_cause_comes_first_where_it_stands_above_the_last_lines(log: str, causes: list[str]) -> None:
    shown = last_words(log.split("\n"))
    assert list(shown[: len(causes) + 1]) == [*causes, "[…]"]
    assert (len(shown), shown[-1]) == (SHOWN, "  File line 59")


def test_a_log_that_names_no_cause_is_its_last_lines() -> None:
    lines = [f"step {n}" for n in range(30)]
    assert last_words(lines) == tuple(lines[-SHOWN:])


def test_a_cause_among_the_last_lines_stands_there_alone() -> None:
    lines = f"{TRACE}ValueError: bad row".split("\n")
    assert last_words(lines) == tuple(lines)


GROUP = """
def late(): raise KeyError("x")
found = []
for make in (lambda: 1 / 0, late):
    try: make()
    except Exception as error: found.append(error)
raise ExceptionGroup("two things", found)
"""


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 has no groups of exceptions")
def test_the_parts_of_a_group_of_exceptions_are_named() -> None:
    said = subprocess.run([sys.executable, "-c", GROUP], capture_output=True, text=True, check=False).stderr
    shown = last_words([*said.split("\n"), *PAGES.split("\n")])
    parts = ("ExceptionGroup: two things (2 sub-exceptions)", "ZeroDivisionError: division by zero", "KeyError: 'x'")
    assert shown[:4] == (*parts, "[…]")


def test_a_line_of_a_megabyte_is_cut() -> None:
    assert len(last_words(["x" * (1 << 20)])[0]) < 5000
