"""The key `tune` of a manifest → Tune: what is searched, and how many trials live at a time."""

from __future__ import annotations

from collections.abc import Mapping

from tfinfra.manifest.document import KeyPath
from tfinfra.manifest.manifest import Manifest
from tfinfra.manifest.tuning.keys import TuneKeys
from tfinfra.model.tuning import Expression, Tune
from tfinfra.tuning.arguments import flag, same_flag, value_text
from tfinfra.tuning.expressions import draw, fault
from tfinfra.tuning.sets import space_size

MOST_LINES = 20
"""Command lines of a tune that are judged."""


def sets(given: TuneKeys) -> int | None:
    """How many sets of parameters there are; None where that is without end, or where an expression is wrong."""
    space = _drawable(given)
    return space_size(space) if space else None


def total_trials(given: TuneKeys) -> int:
    """How many trials there are at most: no set is tried twice."""
    found = sets(given)
    return given.max_total_runs if found is None else min(given.max_total_runs, found)


def trials_at_once(given: TuneKeys) -> int:
    """As many as are wanted, which is all where nothing is said, and no more than there will be."""
    total = total_trials(given)
    return max(1, min(given.max_concurrent_runs or total, total))


def all_nodes(manifest: Manifest) -> int:
    """The nodes of a run: of a tune those of all trials that live at a time."""
    return manifest.node_count * (trials_at_once(manifest.tune) if manifest.tune else 1)


def nodes_in_words(manifest: Manifest) -> str:
    """The sentence's beginning that says how many nodes a manifest wants."""
    if manifest.tune is None:
        return f"node_count is {manifest.node_count:,}"
    at_once, each = trials_at_once(manifest.tune), manifest.node_count
    return f"{at_once:,} trials at a time with node_count {each:,} take {all_nodes(manifest):,} nodes"


def nodes_path(manifest: Manifest) -> KeyPath:
    """The key that says how many."""
    if manifest.tune is None:
        return ("node_count",)
    return ("tune", "max_concurrent_runs" if manifest.tune.max_concurrent_runs else "max_total_runs")


def command_lines(manifest: Manifest) -> tuple[Mapping[str, tuple[str, ...]], ...]:
    """The command line of the script, each flag with its values. Of a tune those of some trials, in which each option
    and both ends of each range are once; none where it is not known what the trials get."""
    given = manifest.tune
    if given is None:
        return (manifest.script_params,) if manifest.sound("tune") else ()
    space = _drawable(given) if manifest.sound("tune") else None
    if not space:
        return ()
    base = fixed_params(manifest)
    ends = {flag(name): _ends(expression) for name, expression in space.items()}
    trials = range(min(MOST_LINES, max(map(len, ends.values()))))
    return tuple({**base, **{name: (values[n % len(values)],) for name, values in ends.items()}} for n in trials)


def _drawable(given: TuneKeys) -> dict[str, Expression] | None:
    """Each parameter with its expression; None where one has several, or a wrong one."""
    found = {name: expressions[0] for name, expressions in given.parameter_space.items() if len(expressions) == 1}
    return None if len(found) < len(given.parameter_space) or any(map(fault, found.values())) else found


def _ends(expression: Expression) -> tuple[str, ...]:
    """As a trial gets them: each option, or what is drawn at both ends of a range."""
    drawn = expression.arguments
    if expression.kind != "choice":
        drawn = (draw(expression, lambda: 0.0), draw(expression, lambda: 1.0 - 2**-53))
    return tuple(value_text(value) for value in drawn)


def search(manifest: Manifest) -> Tune | None:
    """The search of a manifest whose shape is right; None where it has none."""
    given = manifest.tune
    if given is None:
        return None
    return Tune(
        sampling=given.sampling,
        parameter_space={name: expressions[0] for name, expressions in given.parameter_space.items()},
        primary_metric_name=given.primary_metric_name,
        primary_metric_goal=given.primary_metric_goal,
        max_total_runs=total_trials(given),
        max_concurrent_runs=trials_at_once(given),
        max_duration_minutes=given.max_duration_minutes,
        policy=given.policy,
        resume_from=given.resume_from,
        seed=given.seed,
    )


def fixed_params(manifest: Manifest) -> Mapping[str, tuple[str, ...]]:
    """script_params without those that the search gives their values."""
    return {key: values for key, values in manifest.script_params.items() if not is_tuned(manifest, key)}


def is_tuned(manifest: Manifest, name: str) -> bool:
    """Whether the search gives the values of this flag of script_params."""
    return manifest.tune is not None and any(same_flag(name, other) for other in manifest.tune.parameter_space)
