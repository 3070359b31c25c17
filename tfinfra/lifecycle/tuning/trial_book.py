"""What a tune has asked and what came of it: each step is in its journal before it counts, and each trial has a record
on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tfinfra.errors import Result
from tfinfra.lifecycle.end.trials_home import record_of_trial
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord
from tfinfra.lifecycle.record.tune_journal import JournalFile
from tfinfra.model.trials import TrialAsked, trial_id
from tfinfra.model.tuning import Tune
from tfinfra.tuning.draws import sampler
from tfinfra.tuning.journal import Asked, Ended, Entry, Searched, Trial, best_figure, figures_of, followed

RESULTS = {
    "succeeded": Result.SUCCEEDED,
    "terminated": Result.CANCELLED,
    "cancelled": Result.CANCELLED,
    "limit": Result.LIMIT,
    "failed": Result.FAILED,
    "lost": Result.ERROR,
    "error": Result.ERROR,
}
"""How the record of a trial says what its journal calls so."""


class TrialBook:
    """Of the tune whose record is in `folder`. `searched` is all that its journal holds; `warm` are trials of earlier
    tunes, of which the sampler learns. Raises UsageError where the sampling is not there on this machine."""

    def __init__(
        self, tune: Tune, folder: RunFolder, journal: JournalFile, searched: Searched, warm: Iterable[Trial] = ()
    ) -> None:
        self.searched = searched
        self._tune = tune
        self._folder = folder
        self._journal = journal
        self._sampler = sampler(tune, searched.trials.values(), warm)
        self._next: Asked | None = None

    def next(self, now: float) -> Asked | None:
        """What is to be asked next: first what was lost before, with the same parameters. None where that is nothing.
        It stays the same until it was begun."""
        if self._next is None:
            self._next = self._drawn(now)
        return self._next

    def begin(self, asked: Asked) -> None:
        """Writes down that the trial is about to begin. Raises as JournalFile.append does; then it does not begin."""
        self._append(Entry(asked=asked))
        self._next = None

    def record(self, asked: Asked, what: TrialAsked, now: float) -> RunRecord:
        """Writes the record of a trial that is asked of its nodes. A disk that does not take it is complained of."""
        tune = self._folder.read()
        assert tune is not None  # noqa: S101 - it is there since before the first write to the cloud
        record = replace(
            record_of_trial(tune, asked.number, asked.parameters, now),
            deadline=what.deadline,
            limit=what.limit,
            run_seconds=what.run_seconds,
        )
        try:
            self._folder.of(record.run).write(record)
        except OSError as error:
            self._folder.complain(f"the records of trials cannot be written: {error.strerror or error}")
        return record

    def end(self, number: int, result: str, why: str, values: Sequence[float], now: float) -> None:
        """Writes down how a trial ended. Raises as JournalFile.append does; then it has not ended."""
        if self.searched.trials[number].result is None:
            best = best_figure(values, self._tune.primary_metric_goal)
            self._append(Entry(ended=Ended(number, result, why, now, figures_of(values), best)))
            self._sampler.tell(number, self.searched.trials[number].best if result != "lost" else None)
        folder = self._folder.of(trial_id(self._folder.path.name, number))
        record = folder.read()
        if record is not None:
            times = {**record.times, "ended": now}
            how = RESULTS[result]
            folder.update(phase=RunPhase.ENDED, result=how, message=why, exit_code=how.exit_code, times=times)

    def _append(self, entry: Entry) -> None:
        self._journal.append(entry)
        self.searched = followed(self.searched, entry)

    def _drawn(self, now: float) -> Asked | None:
        number = max(self.searched.trials, default=0) + 1
        lost = next(iter(self.searched.to_ask_again), None)
        if lost is not None:
            self._sampler.begun(number, lost.parameters)
            return Asked(number, lost.parameters, now, again=lost.number)
        if self.searched.counted >= self._tune.max_total_runs:
            return None
        parameters = self._sampler.ask(number)
        return None if parameters is None else Asked(number, parameters, now)
