"""How a search ends, as an outcome: with a best trial, or with why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tfinfra.errors import Result, first_line
from tfinfra.model import Outcome
from tfinfra.model.tuning import Tune
from tfinfra.text.wording import count, first_few
from tfinfra.tuning.journal import Searched, Trial

IN_A_ROW = 3
"""Trials that fail one after the other for the same reason: a further one would too."""
_NAMED = 10
_LONGEST = 300


def success(tune: Tune, best: Trial, searched: Searched, now: float) -> Outcome:
    """ "trial 7 is the best of 40: validation_acc 0.9712"."""
    ended = len(searched.in_order)
    message = f"trial {best.number} is the best of {ended}: {tune.primary_metric_name} {best.best:.6g}"
    return Outcome(Result.SUCCEEDED, message, ended=now)


def best_all_the_same(tune: Tune, best: Trial, searched: Searched, end: Outcome) -> Outcome:
    """Of a search that `end` has ended early, with a best trial."""
    found = success(tune, best, searched, end.ended or 0.0)
    return replace(found, message=f"{found.message}; {end.message}", tail=end.tail, hint=end.hint)


def without_best(tune: Tune, searched: Searched, now: float) -> Outcome:
    """Of a tune none of whose trials has a value of its primary metric."""
    ended = [trial for trial in searched.trials.values() if trial.result is not None]
    good = sum(trial.result == "succeeded" for trial in ended)
    last = next((trial.why for trial in reversed(ended) if trial.why), "")
    message = f"none of {count(len(ended), 'trial')} has a value of {tune.primary_metric_name}"
    if good:
        hint = f"the script's leading task logs it: run.log('{tune.primary_metric_name}', value), or by MLflow"
        return Outcome(Result.FAILED, f"{message}: {good} of them ended well and logged nothing", ended=now, hint=hint)
    return Outcome(Result.FAILED, f"{message}: {last}" if last else message, ended=now)


def without_metric(tune: Tune, trial: str, names: Iterable[str], now: float) -> Outcome:
    """Of a trial that ended well, and logged other metrics alone: each further one would do the same."""
    logged = first_few(list(names), _NAMED)
    message = f"{trial} ended well and never logged {tune.primary_metric_name}; it logged {logged}"
    hint = "tune.primary_metric_name is the name of one that the leading task logs"
    return Outcome(Result.FAILED, message, ended=now, hint=hint)


def why_failed(outcome: Outcome) -> str:
    """The outcome's message with the last line of the failed task, which most often names the cause."""
    said = next((line.strip() for line in reversed(outcome.tail) if line.strip()), "")
    return f"{first_line(outcome.message)}: {said[:_LONGEST]}" if said else first_line(outcome.message)


def failures_alike(searched: Searched, last: Outcome, now: float) -> Outcome | None:
    """Where as many trials have failed in a row for the same reason, with the last one's words; None where they have
    not."""
    row = searched.failures_in_a_row
    if len(row) < IN_A_ROW:
        return None
    message = f"{count(len(row), 'trial')} in a row failed alike: {last.message}"
    return Outcome(Result.FAILED, message, tail=last.tail, hint=last.hint, ended=now)
