"""The key `tune` of a manifest → Tune: what is searched, and how many trials live at a time."""

from __future__ import annotations

from tfinfra.manifest.document import KeyPath
from tfinfra.manifest.manifest import Manifest
from tfinfra.manifest.tuning.keys import TuneKeys
from tfinfra.model.tuning import Tune
from tfinfra.tuning.arguments import same_flag


def grid_sets(given: TuneKeys) -> int | None:
    """How many sets a grid has; None for another sampling, which has no end that is known here."""
    if given.sampling != "grid" or not given.parameter_space:
        return None
    sets = 1
    for expressions in given.parameter_space.values():
        sets *= max(1, *(len(one.arguments) for one in expressions))
    return sets


def trials_at_once(given: TuneKeys) -> int:
    """As many as are wanted, which is all where nothing is said, and no more than there will be."""
    total = min(given.max_total_runs, grid_sets(given) or given.max_total_runs)
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
        max_total_runs=given.max_total_runs,
        max_concurrent_runs=trials_at_once(given),
        max_duration_minutes=given.max_duration_minutes,
        policy=given.policy,
        resume_from=given.resume_from,
        seed=given.seed,
    )


def is_tuned(manifest: Manifest, flag: str) -> bool:
    """Whether the search gives the values of this flag of script_params."""
    return manifest.tune is not None and any(same_flag(flag, name) for name in manifest.tune.parameter_space)
