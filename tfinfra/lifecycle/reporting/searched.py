"""What a tune has found, by its journal: on this machine, and in its store while that is there."""

from __future__ import annotations

from tfinfra.lifecycle.record.run_record import RunFolder
from tfinfra.lifecycle.record.tune_journal import read_journal
from tfinfra.model import Plan, Unfit
from tfinfra.model.tuning import Policy, Tune
from tfinfra.reporting.values import Search, TrialLine
from tfinfra.store import ObjectStore
from tfinfra.system.progress import say_nothing
from tfinfra.tuning.journal import replay


def search_of(folder: RunFolder, plan: Plan | None, store: ObjectStore | None, now: float) -> Search | None:
    """The trials of the run; None where it is no tune, or its journal is none. Raises what the store raises."""
    tune = plan.tune if plan is not None else None
    if tune is None:
        return None
    try:
        searched = replay(read_journal(folder.path, store, say_nothing))
    except Unfit:
        return None
    best = searched.best(tune.primary_metric_goal)
    return Search(
        metric=tune.primary_metric_name,
        maximize=tune.primary_metric_goal == "maximize",
        sampling=tune.sampling,
        policy=_policy(tune.policy),
        trials=tuple(
            TrialLine(
                number=trial.number,
                state=trial.result or "running",
                parameters=trial.parameters,
                value=trial.best,
                values=trial.values,
                seconds=(trial.ended_at or now) - trial.asked_at,
                why=trial.why if trial.result not in ("succeeded", None) else "",
            )
            for trial in searched.trials.values()
        ),
        best=best.number if best else None,
        most_trials=tune.max_total_runs,
        logarithmic=_logarithmic(tune),
    )


def _logarithmic(tune: Tune) -> frozenset[str]:
    return frozenset(name for name, expression in tune.parameter_space.items() if "log" in expression.kind)


def _policy(policy: Policy | None) -> str:
    if policy is None:
        return ""
    slack = next((f", {name} {value:g}" for name, value in _slacks(policy) if value is not None), "")
    after = f" after {policy.delay_evaluation}" if policy.delay_evaluation else ""
    return f"{policy.kind}{slack}, each {policy.evaluation_interval} intervals{after}"


def _slacks(policy: Policy) -> tuple[tuple[str, float | None], ...]:
    names = ("slack_factor", "slack_amount", "truncation_percentage")
    return tuple((name, getattr(policy, name)) for name in names)
