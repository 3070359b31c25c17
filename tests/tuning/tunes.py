"""Tunes for tests."""

from __future__ import annotations

from tfinfra.model.tuning import Expression, Policy, Tune


def a_tune(
    *,
    sampling: str = "random",
    space: dict[str, Expression] | None = None,
    goal: str = "maximize",
    policy: Policy | None = None,
    seed: int = 7,
) -> Tune:
    return Tune(
        sampling=sampling,
        parameter_space=space or {"--lr": Expression("uniform", (0.0, 1.0))},
        primary_metric_name="acc",
        primary_metric_goal=goal,
        max_total_runs=40,
        max_concurrent_runs=4,
        policy=policy,
        seed=seed,
    )
