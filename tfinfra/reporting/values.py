"""What a run's page shows. Times are Unix seconds, costs US dollars at list price, sizes bytes. Text may be anything
that a script, a node or a cloud has written: the page escapes it."""

from __future__ import annotations

from dataclasses import dataclass

from tfinfra.reporting.curves import Curve

Scalar = str | int | float | bool


@dataclass(frozen=True)
class Fact:
    """A line of a list: what, and its value."""

    name: str
    value: str


@dataclass(frozen=True)
class Phase:
    """A part of the run's way. `began` is None where nobody noted it, `seconds` None while it goes on."""

    name: str
    began: float | None
    seconds: float | None
    failed: bool = False


@dataclass(frozen=True)
class TaskLine:
    """A task: where it ran, how it stands, by the words of its status. Times are None where they are not known."""

    name: str
    node: int
    state: str
    exit_status: int | None = None
    started: float | None = None
    ended: float | None = None
    message: str = ""


@dataclass(frozen=True)
class NodeLine:
    """A node, by its rank."""

    number: int
    hostname: str
    address: str
    cores: int
    gpus: int


@dataclass(frozen=True)
class Billed:
    """A group that is or was billed from `start` to `end` (None: it still is)."""

    group: str
    usd_per_hour: float
    start: float
    end: float | None
    usd: float


@dataclass(frozen=True)
class Cost:
    """What the run costs. `most` is what it may cost, None where it has no cap; `limit` the key that made the
    deadline; `on` the run whose nodes it was on, and whose money it is then."""

    usd: float
    usd_per_hour: float
    most: float | None
    limit: str
    deadline: float | None
    billed: tuple[Billed, ...] = ()
    on: str | None = None


@dataclass(frozen=True)
class Resource:
    """A resource of one of the run's stacks. `made` is None where the event log has no time of it."""

    part: str
    kind: str
    name: str
    made: float | None = None


@dataclass(frozen=True)
class Deletion:
    """What became of the groups: those that are `verified` gone, and since when; what is `left`."""

    verified: tuple[str, ...] = ()
    at: float | None = None
    left: tuple[str, ...] = ()


@dataclass(frozen=True)
class Log:
    """The last lines of a log. `whole` says that there are no others before them."""

    name: str
    lines: tuple[str, ...]
    whole: bool


@dataclass(frozen=True)
class File:
    """A file that the run made, by its path beside the page."""

    name: str
    size: int


@dataclass(frozen=True)
class Files:
    """The first of the files that came home, and how many and how much all of them are."""

    first: tuple[File, ...] = ()
    count: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Origin:
    """How to do it again: `commands` as one types them, git's commit (None outside of a repository), whether a file
    was not as that has it, and whether the run was held to a lock."""

    commands: tuple[str, ...] = ()
    commit: str | None = None
    dirty: bool = False
    locked: bool = False


@dataclass(frozen=True)
class Proof:
    """What became of the run's evidence: as a sentence, and the signature's state: none, not_yet or made."""

    signature: str
    text: str
    commands: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrialLine:
    """A trial of a tune. `value` is the primary metric's best, None where it logged none, `values` are the first that
    it logged; `seconds` is how long it took, None where that is not known."""

    number: int
    state: str
    parameters: dict[str, Scalar]
    value: float | None = None
    seconds: float | None = None
    why: str = ""
    values: tuple[float, ...] = ()


@dataclass(frozen=True)
class Search:
    """What a tune has found. `logarithmic` are the parameters whose axis is; `best` is the number of the best trial."""

    metric: str
    maximize: bool
    sampling: str
    policy: str
    trials: tuple[TrialLine, ...]
    best: int | None = None
    most_trials: int | None = None
    logarithmic: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RunPage:
    """All of a run's page at the moment `at`. `result` is "" while the run goes on, `state` how it stands. Curves are
    of the tasks' metrics, `figures` of the nodes' own; `primary` is the metric that counts first, "" where none is
    said to. `rehearsal`: it was on a local cloud whatever its manifest names."""

    run: str
    name: str
    at: float
    state: str
    result: str = ""
    message: str = ""
    hint: str = ""
    exit_code: int | None = None
    failed_task: str = ""
    where: str = ""
    rehearsal: bool = False
    started: float | None = None
    ended: float | None = None
    leader: str = ""
    primary: str = ""
    cost: Cost | None = None
    phases: tuple[Phase, ...] = ()
    tasks: tuple[TaskLine, ...] = ()
    nodes: tuple[NodeLine, ...] = ()
    curves: tuple[Curve, ...] = ()
    figures: tuple[Curve, ...] = ()
    unread_points: str = ""
    resources: tuple[Resource, ...] = ()
    deletion: Deletion = Deletion()
    parameters: tuple[Fact, ...] = ()
    environment: tuple[Fact, ...] = ()
    packages: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()
    logs: tuple[Log, ...] = ()
    files: Files = Files()
    origin: Origin = Origin()
    proof: Proof | None = None
    search: Search | None = None
    version: str = ""
