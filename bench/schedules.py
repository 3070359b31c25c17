"""Random faults for real runs: a seed gives a plan and one to three faults, each with its moment, its victim and what
may be told of it afterwards."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PLANS: Mapping[str, dict[str, Any]] = {
    "single": {},
    "ps": {
        "node_count": 2,
        "distributed_backend": "ps",
        "worker_count": 2,
        "parameter_server_count": 1,
        "tf_config": "cluster_spec",
    },
    "mpi": {"node_count": 2, "distributed_backend": "mpi"},
}
MOMENTS = {"start": 9.0, "training": 5.0, "end": 2.5}
"""From when a fault may strike, and how many seconds later at most: from the command, from the first output of a task,
from the last."""
_NODE = (
    r"SIGKILL|SIGTERM|exit status 1(37|43)|no heartbeat|no node has answered|nodes? .*(lost|gone|ended|fail)|lost|gone"
)


@dataclass(frozen=True)
class Kind:
    """What a fault does: `act` is a signal's name for the processes that `victim` names, or a word of faults.py.
    `codes` are the exit statuses that it may give a run besides 0, `cause` what its error says then. `plans`: where it
    can be."""

    victim: str
    act: str
    codes: tuple[int, ...] = ()
    cause: str = ""
    plans: tuple[str, ...] = tuple(PLANS)


_START = (6, 5, 7)
KINDS: Mapping[str, Kind] = {
    "task killed": Kind("task", "KILL", (7,), r"SIGKILL|exit status 137"),
    "task terminated": Kind("task", "TERM", (7,), r"SIGTERM|exit status 143"),
    "task frozen": Kind("task", "FREEZE", ()),
    "agent killed": Kind("agent", "KILL", (7,), _NODE),
    "agent terminated": Kind("agent", "TERM", (7,), _NODE),
    "agent frozen": Kind("agent", "FREEZE", (7,), _NODE),
    "agent stopped": Kind("agent", "STOP", (7, 10), _NODE),
    "all agents killed": Kind("agents", "KILL", (7,), _NODE),
    "all agents frozen": Kind("agents", "FREEZE", (7,), _NODE),
    "supervisor killed": Kind("supervisor", "KILL", (6, 7), _NODE),
    "supervisor terminated": Kind("supervisor", "TERM", (6, 7), _NODE),
    "mpirun killed": Kind("mpirun", "KILL", (7,), r"mpirun", ("mpi",)),
    "mpirun terminated": Kind("mpirun", "TERM", (7,), r"mpirun", ("mpi",)),
    "prted killed": Kind("prted", "KILL", (7,), r"prted|rank-\d|mpirun", ("mpi",)),
    "server killed": Kind("server", "KILL", ()),
    "guardian killed": Kind("guardian", "KILL", ()),
    "local cloud killed": Kind("cloud", "KILL", _START, "."),
    "plugin killed": Kind("plugin", "KILL", (6,), r"plugin|provider|Pulumi|compute|keep"),
    "engine killed": Kind("engine", "KILL", (6,), r"engine|Pulumi|SIGKILL"),
    "client interrupted": Kind("client", "INT", (8,), r"Ctrl-C|SIGINT|interrupt"),
    "client terminated": Kind("client", "TERM", (8,), r"SIGTERM"),
    "client hung up": Kind("client", "HUP", (8,), r"SIGHUP|terminal"),
    "client killed": Kind("client", "KILL", (-9,)),
    "client frozen": Kind("client", "FREEZE", ()),
    "down": Kind("", "down", (8,), r"tfinfra down"),
    "fetch": Kind("", "fetch", ()),
    "status": Kind("", "status", ()),
    "store away": Kind("", "store", (6, 7, 10), r"store|bundle|No such file|Errno|director|" + _NODE),
    "disk full": Kind("", "full", (6, 7, 10), r"No space left|full"),
    "ARM busy": Kind("", "429", ()),
    "ARM broken": Kind("", "503", ()),
    "ARM late": Kind("", "lag", ()),
    "ARM's answer lost": Kind("", "lost", ()),
}


@dataclass(frozen=True)
class Fault:
    """`name` is a key of KINDS; it strikes `after` seconds past `moment`. `seconds` is how long what passes lasts,
    `pick` which of several victims it takes (0 to 1)."""

    name: str
    moment: str
    after: float
    seconds: float
    pick: float

    @property
    def kind(self) -> Kind:
        return KINDS[self.name]

    def __str__(self) -> str:
        lasts = f" for {self.seconds:.1f} s" if self.kind.act in ("FREEZE", "store", "full", "lag") else ""
        return f"{self.name}{lasts} {self.after:.1f} s past {self.moment}"


@dataclass(frozen=True)
class Schedule:
    seed: int
    plan: str
    faults: tuple[Fault, ...]

    def __str__(self) -> str:
        return f"{self.plan}: {', '.join(map(str, self.faults))}"


def schedule(seed: int, plans: Sequence[str] = tuple(PLANS), only: Sequence[str] = ()) -> Schedule:
    """The same for the same arguments, on every machine. `only`: of which kinds of faults, () for all."""
    rng = random.Random(seed)
    plan = rng.choice(sorted(plans))
    names = [name for name, kind in KINDS.items() if plan in kind.plans and (not only or name in only)]
    count = rng.choices((1, 2, 3), (6, 3, 1))[0]
    faults = [_fault(rng, rng.choice(names)) for _ in range(count)]
    return Schedule(seed, plan, tuple(sorted(faults, key=lambda f: (list(MOMENTS).index(f.moment), f.after))))


def _fault(rng: random.Random, name: str) -> Fault:
    moment = rng.choices(list(MOMENTS), (3, 5, 2))[0]
    lasts = rng.choice((1.0, 3.0, 8.0, 14.0))
    return Fault(name, moment, rng.uniform(0, MOMENTS[moment]), lasts, rng.random())
