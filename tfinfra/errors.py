"""Diagnostics, the exception tree and how a run ends: near the bottom of the import order, so that every room may raise
and report. No message holds credentials of a URL.

TfinfraError                 exit 1   a fault of tfinfra itself
├── UsageError               exit 2   wrong flags, an ambiguous name
├── ManifestError            exit 3   the manifest or the target is wrong: carries diagnostics
├── NotFeasible              exit 4   quota, SKU, price cap, GPU
│   └── MissingPrerequisite           what a target names and others made (azure/prerequisites/)
├── CredentialsError         exit 5
├── ProvisioningError        exit 6
├── TrainingFailed           exit 7
├── Cancelled                exit 8
├── LimitReached             exit 9
├── TeardownIncomplete       exit 10  outranks all others
├── DifferenceFound          exit 11
└── WaitEnded                exit 12  nothing is wrong: what was waited for goes on
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from tfinfra.text.credentials import covered, hidden

if TYPE_CHECKING:
    from typing_extensions import Self

_LONGEST, _ENDS = 1200, 500


def readable(text: str) -> str:
    """The text with its control characters spelt out, shortened in its middle where it is too long for a message."""
    if len(text) > _LONGEST:
        text = f"{text[:_ENDS]} […{len(text) - 2 * _ENDS:,} characters…] {text[-_ENDS:]}"
    if text.isprintable():
        return text
    spelt = (c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)
    return "".join(spelt)


def in_one_line(text: str) -> str:
    """The text as `readable` has it, with line ends and tabs spelt out, too: a stranger's word that makes a line of its
    own could say anything there."""
    return readable(text).replace("\n", "\\n").replace("\t", "\\t")


class Severity(str, Enum):
    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, order=True)
class Position:
    """Where a value is: 1-based `line` and `column` in `file`, and the `length` of what is underlined.

    `text` is the source line as written, without credentials, or None where there is none (an argument given from
    Python).
    """

    file: str
    line: int
    column: int
    length: int = 1
    text: str | None = None

    def __post_init__(self) -> None:
        if self.text is not None:
            object.__setattr__(self, "text", covered(self.text))


@dataclass(frozen=True)
class Diagnostic:
    """One finding. `path` names the value ("worker_count", "limits.keep_outputs"); `hint` is the way out."""

    code: str
    severity: Severity
    message: str
    path: str = ""
    position: Position | None = None
    hint: str | None = None

    def __post_init__(self) -> None:
        """What a manifest says is part of messages: control characters, credentials and megabytes of it are taken
        out."""
        object.__setattr__(self, "message", readable(hidden(self.message)))
        object.__setattr__(self, "hint", readable(hidden(self.hint)) if self.hint else self.hint)

    @property
    def is_error(self) -> bool:
        return self.severity is Severity.ERROR

    @property
    def place(self) -> str:
        """Where it is, in a word: file, line and column, else the argument; "" where it is about the whole."""
        at = self.position
        return f"{at.file}:{at.line}:{at.column}" if at and at.file else self.path

    @property
    def in_a_line(self) -> str:
        """Place, message and hint, for where nothing but text is shown."""
        names_it = f"'{self.path}'" in self.message or self.message.startswith(self.path)
        known = self.position is None and names_it
        place = "" if known else f"{self.place}: "
        return f"{place}{self.message}" + (f" ({self.hint})" if self.hint else "")


@dataclass
class TfinfraError(Exception):
    """Base of all errors that a user sees: one sentence, an optional way out, and diagnostics where there are any."""

    message: str
    hint: str | None = None
    diagnostics: tuple[Diagnostic, ...] = field(default=())
    cloud: str | None = field(default=None, init=False, compare=False)
    """The cloud that was asked when it went wrong, None where that was none or is not known."""
    details: Mapping[str, Any] = field(default_factory=dict, init=False, compare=False)
    """What the document of `--json` says of it beside, by name."""

    exit_code = 1

    def __post_init__(self) -> None:
        self.message = hidden(str(self.message))
        self.hint = hidden(self.hint) if self.hint else self.hint

    def __str__(self) -> str:
        return self.message

    def detailed(self, **details: Any) -> Self:
        """This error, with these details."""
        self.details = {**self.details, **details}
        return self

    def in_full(self) -> str:
        """The errors among the diagnostics, a line each, for where nothing but text is shown; the message, where it
        says more than the first of them."""
        errors = [d for d in self.diagnostics if d.is_error]
        told = errors and self.message.startswith(errors[0].message)
        return "\n".join([*(() if told else (self.message,)), *(d.in_a_line for d in errors)])


class UsageError(TfinfraError):
    exit_code = 2


class ManifestError(TfinfraError):
    exit_code = 3


class NotFeasible(TfinfraError):
    exit_code = 4


class CredentialsError(TfinfraError):
    exit_code = 5


@dataclass
class ProvisioningError(TfinfraError):
    """Where ARM refused a resource, `status` is its answer's HTTP status, `code` and `said` are ARM's own error code
    and message."""

    status: int | None = None
    code: str | None = None
    said: str = ""

    exit_code = 6


class TrainingFailed(TfinfraError):
    exit_code = 7


class Cancelled(TfinfraError):
    exit_code = 8


class LimitReached(TfinfraError):
    exit_code = 9


class TeardownIncomplete(TfinfraError):
    exit_code = 10


@dataclass
class ForeignInside(TeardownIncomplete):
    """A run's group stays because of what others have put in it; `emptied`: nothing of the run is left there."""

    emptied: bool = True


class DifferenceFound(TfinfraError):
    exit_code = 11


class WaitEnded(TfinfraError):
    exit_code = 12


class Result(str, Enum):
    """How a run ended: the one table of a result's name, error and exit code. The name is what records, outcomes and
    documents hold."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LIMIT = "limit"
    ERROR = "error"
    """tfinfra or the cloud failed: the client's word, never a node's."""

    def __str__(self) -> str:
        return self.value

    @property
    def error(self) -> type[TfinfraError] | None:
        """What is raised for a run that ended so, None after a success."""
        return _RAISED[self]

    @property
    def exit_code(self) -> int:
        return self.error.exit_code if self.error else 0

    @classmethod
    def of(cls, error: BaseException | None) -> Result:
        """The result of a run that `error` ended (None: nothing did)."""
        if error is None:
            return cls.SUCCEEDED
        return next((each for each, kind in _RAISED.items() if kind and isinstance(error, kind)), cls.ERROR)


_RAISED: dict[Result, type[TfinfraError] | None] = {
    Result.SUCCEEDED: None,
    Result.FAILED: TrainingFailed,
    Result.CANCELLED: Cancelled,
    Result.LIMIT: LimitReached,
    Result.ERROR: TfinfraError,
}


def error_of(exit_code: int) -> type[TfinfraError]:
    """The kind of error that a command ends with this code for: the tree's base for a code that is none of its own."""
    kinds = (
        *(UsageError, ManifestError, NotFeasible, CredentialsError, ProvisioningError),
        *(TrainingFailed, Cancelled, LimitReached, TeardownIncomplete, DifferenceFound, WaitEnded),
    )
    return next((kind for kind in kinds if kind.exit_code == exit_code), TfinfraError)


@contextmanager
def turned_to(cloud: str) -> Iterator[None]:
    """What leaves this block says which cloud it is about. Also a decorator."""
    try:
        yield
    except TfinfraError as error:
        error.cloud = error.cloud or cloud
        raise


_FULL = re.compile(
    r"no space left on device|disk quota exceeded|\bE(?:NOSPC|DQUOT)\b|\bos error (?:28|122)\b|\berrno (?:28|122)\b",
    re.I,
)
_PATH = re.compile(r"(?<![\w:/.])/[^\s:'\"]+")
_LONGEST_PATH = 200


def full_disk(error: BaseException | str) -> str | None:
    """ "the disk with /a/b is full", where an error says that in any of the words that Go, Rust and Python have for it;
    None where it does not."""
    text = str(error)
    found = _FULL.search(text)
    if found is None:
        return None
    before = _PATH.findall(text[max(0, found.start() - 1000) : found.start()])
    after = _PATH.findall(text[found.end() : found.end() + 1000])
    where = next((path for path in [*before[-1:], *after[:1]] if len(path) < _LONGEST_PATH), None)
    return f"the disk with {where} is full" if where else "a disk is full"


def first_line(error: BaseException | str) -> str:
    """What a person reads of an error whose text may go on for pages (obstore's have the whole answer below); the kind
    of an error that says nothing."""
    silent = type(error).__name__ if isinstance(error, BaseException) else ""
    return str(error).partition("\n")[0] or silent
