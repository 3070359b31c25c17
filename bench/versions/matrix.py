"""Goes through the matrix: for each TensorFlow and Python the environments that the cases need, then the cases."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.common import tell
from bench.versions.backend_cases import BACKENDS
from bench.versions.case import Case
from bench.versions.record import NOT_TRIED, REFUSED, Seen, tried
from bench.versions.rule_cases import RULES
from bench.versions.running import ran, told, write_project
from tfinfra.catalog.tensorflow import Framework, numbers
from tfinfra.environment.build_environment import ensure_environment, remove
from tfinfra.environment.lock import make_lock
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.whole_environment import is_whole
from tfinfra.errors import NotFeasible, TfinfraError
from tfinfra.model import Plan
from tfinfra.system.paths import cache_folder


@dataclass(frozen=True)
class Pair:
    """A TensorFlow with a Python; the rules' cases are tried on one Python of each TensorFlow."""

    framework: Framework
    python: str
    cases: tuple[Case, ...]


def pairs() -> Iterator[Pair]:
    """The default Python of each TensorFlow first, with all cases: 3.11, which all of them have."""
    for one in tried():
        yield Pair(one, "3.11", (*BACKENDS, *(case for case in RULES if case.fits(one))))
    for one in tried():
        for python in sorted(set(one.python) - {"3.11"}, key=numbers, reverse=True):
            yield Pair(one, python, BACKENDS)


@dataclass(frozen=True)
class _Trial:
    case: Case
    folder: Path
    plan: Plan | None


def try_pair(pair: Pair, done: set[tuple[str, str]]) -> Iterator[Seen]:
    """What is seen of each case that is not `done`. An environment is removed after its cases where it was made here;
    Horovod's wheel stays in the cache."""
    with tempfile.TemporaryDirectory(prefix="tfinfra-versions-", ignore_cleanup_errors=True) as name:
        trials = [
            _trial(case, Path(name, str(n)), pair)
            for n, case in enumerate(pair.cases)
            if (case.name, case.digest) not in done
        ]
        yield from (_seen(pair, trial, REFUSED) for trial in trials if trial.plan is None)
        for group in _by_requirements(trials):
            yield from _with_environment(pair, group)


def _trial(case: Case, folder: Path, pair: Pair) -> _Trial:
    plan, _ = told(write_project(case, folder, pair.framework.patch, pair.python))
    return _Trial(case, folder, plan)


def _by_requirements(trials: Sequence[_Trial]) -> Iterator[list[_Trial]]:
    wanted = dict.fromkeys(str(t.plan.requirements) for t in trials if t.plan)
    for text in wanted:
        yield [t for t in trials if t.plan and str(t.plan.requirements) == text]


def _with_environment(pair: Pair, group: Sequence[_Trial]) -> Iterator[Seen]:
    first = group[0].plan
    assert first is not None
    cache = cache_folder()
    try:
        lock = make_lock(first.requirements, "", cache, progress=tell)
        known = is_whole(_folder(lock, cache))
        environment = ensure_environment(lock, cache, tell)
    except NotFeasible as why:
        yield from (_seen(pair, trial, f"{NOT_TRIED}: {why}") for trial in group)
        return
    except TfinfraError as why:
        yield from (_seen(pair, trial, f"no environment: {str(why).splitlines()[0]}") for trial in group)
        return
    try:
        for trial in group:
            assert trial.plan is not None
            yield _seen(pair, trial, ran(trial.plan, environment, trial.folder))
    finally:
        if not known:
            remove(environment)
            shutil.rmtree(environment, ignore_errors=True)


def _folder(lock: Lock, cache: Path) -> Path:
    return cache / "environments" / lock.key


def _seen(pair: Pair, trial: _Trial, what: str) -> Seen:
    what = re.sub(r" ?\(/[^ )]*\)?", "", what)  # Python's words name files of this machine
    today = time.strftime("%Y-%m-%d", time.gmtime())
    seen = Seen(pair.framework.patch, pair.python, trial.case.name, what, today, trial.case.digest)
    tell(f"{seen.framework}, Python {seen.python}, {seen.case}: {what}")
    return seen
