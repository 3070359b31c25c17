"""The search of a tune in `tfinfra plan`: trials, waves, space, and what ends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tfinfra.cli.tables import Bold

if TYPE_CHECKING:
    from tfinfra.model import Plan


def search_lines(plan: Plan, seconds: int) -> Iterator[str]:
    """`seconds` until the deadline; nothing for the plan of one run."""
    from tfinfra.compiler.summary.searched import policy_text, searched
    from tfinfra.text.wording import count, spell_seconds

    found, tune = searched(plan, seconds), plan.tune
    if found is None or tune is None:
        return
    yield Bold(f"\nsearch for the {_MOST[tune.primary_metric_goal]} {tune.primary_metric_name}")
    waves = f"{count(found.trials, 'trial')}, {found.at_once} at a time on {count(found.nodes_per_trial, 'node')} each"
    yield f"  {waves}: {count(found.waves, 'wave')}"
    sets = "sets without end" if found.sets is None else count(found.sets, "set")
    yield f"  {tune.sampling} sampling (seed {tune.seed}) of {sets}"
    width = max(len(one.flag) for one in found.space)
    for one in found.space:
        yield f"    {one.flag:{width}}  {one.values}"
    yield f"  policy: {policy_text(tune.policy)}"
    if tune.resume_from:
        yield f"  learns from {', '.join(tune.resume_from)}"
    longest = f"a trial ends after {spell_seconds(found.trial_seconds)}, the tune after {spell_seconds(found.seconds)}"
    yield f"  {longest} at the latest, or where three trials in a row fail alike"


_MOST = {"maximize": "highest", "minimize": "lowest"}
