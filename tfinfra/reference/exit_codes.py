"""What a command ends with, and what then is so."""

from __future__ import annotations

from tfinfra.reference.entry import Entry

_ROWS: dict[int, tuple[str, str]] = {
    0: ("done", "Of `up` and `wait`: the training succeeded, its outputs are there, everything is deleted."),
    1: (
        "internal error",
        "A fault of tfinfra, where the message names a report file: `tfinfra report-bundle --last` makes one file of it"
        " to attach to a report. Without one, this machine gave no more disk, memory or processes, or took nothing on"
        " stdout: the message says which.",
    ),
    2: ("usage", "Wrong flags, an unknown verb or word, or a name that several runs have. The error lists them."),
    3: (
        "the manifest or the target is wrong",
        "Nothing was touched. Every error is told at once, at its line, with the way out; `tfinfra explain CODE` has"
        " the long form. A guardrail that is exceeded and a secret that is not set end so too.",
    ),
    4: (
        "not feasible",
        "Quota, a size that is not sold there, the price, missing GPUs, or what a subscription lacks. Nothing is left.",
    ),
    5: ("credentials", "Nobody is signed in, or the sign-in failed. `az login`, or `tfinfra doctor`."),
    6: (
        "provisioning failed",
        "The cloud refused a resource, or a node did not come up. Everything is deleted, or what is left is named.",
    ),
    7: (
        "training failed",
        "A task ended with another status than 0. The task, its status and its last lines are told,"
        " and the outputs are at home.",
    ),
    8: (
        "cancelled",
        "By Ctrl-C, or by `tfinfra down`. The outputs are at home and everything is deleted, unless the"
        " message says otherwise.",
    ),
    9: ("a limit was reached", "max_run_duration or max_cost_usd has ended the run, or does not leave time for it."),
    10: (
        "teardown incomplete",
        "What is left is listed with its cost an hour. It goes before every other exit code. `tfinfra down RUN` tries"
        " again.",
    ),
    11: (
        "a difference was found",
        "By `compile --check`, `lock --check`, `check`, `up --locked`, `push` or `audit`. Each difference is told.",
    ),
    12: ("only the waiting has ended", "The time of `wait --timeout` is over, and the run goes on."),
}


def exit_codes() -> tuple[Entry, ...]:
    """By number."""
    return tuple(Entry("exit-code", str(code), "", title, text) for code, (title, text) in _ROWS.items())
