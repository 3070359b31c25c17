"""Everything that is known before a cloud is asked."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tfinfra.model.infrastructure import Infrastructure
from tfinfra.model.shapes import Count, Name, Schema
from tfinfra.model.spec import Input, Limits, MetricsWanted, Requirements
from tfinfra.model.tuning import Tune


@dataclass(frozen=True)
class Task:
    """One process of the training script: which node it runs on, which of the node's consecutive ports is its own.

    `name` is "<type>-<index>" ("worker-0", "rank-3", "main-0"). `slot` counts the tasks of one node from 0: the task's
    port is the node's base port + slot. `gpus` are indices on its node; None means all of them, () none.
    """

    name: Name
    type: Name
    index: Count
    node: Count
    slot: Count
    gpus: tuple[Count, ...] | None


@dataclass(frozen=True)
class PriceLine:
    """What is billed by time: US dollars an hour at list price for all of its quantity; None where the catalog has no
    price. `part` is the group that it goes with: "compute" at the deadline, "keep" when the outputs go."""

    item: str
    quantity: int
    usd_per_hour: float | None
    part: str = "compute"


@dataclass(frozen=True)
class UsageRate:
    """What is billed by bytes or calls: `usd` for each `per` ("GB", "GB and month", "10,000")."""

    item: str
    usd: float
    per: str


@dataclass(frozen=True)
class Pool:
    """The nodes of a tune, on which it lives its trials: `nodes_per_trial` for each of `trials_at_once`. A trial ends
    after `trial_seconds`, whatever it does."""

    trials_at_once: int
    nodes_per_trial: int
    trial_seconds: int


@dataclass(frozen=True)
class Plan:
    """Everything that is known before a cloud is asked: the content of plan.json.

    `alternatives` are the further places and sizes that would do as well, in the order to try them: choice 0 is
    `infrastructure`, choice n is `alternatives[n - 1]`. Nodes, tasks and GPUs are the same in all of them.

    Of a tune, `tune` and `pool` say what it searches and on what: `node_count` and `limits` are the whole pool's, and
    `tasks` those of one trial, whose plan `trial_plan` gives.
    """

    schema: Schema
    name: Name
    backend: str
    dialect: str | None
    node_count: int
    processes_per_node: int
    gpus_per_node: int
    use_gpu: bool
    base_port: int
    tasks: tuple[Task, ...]
    entry_script: str
    arguments: tuple[str, ...]
    environment_variables: dict[str, str]
    requirements: Requirements
    limits: Limits
    hold_on_failure: int
    infrastructure: Infrastructure
    alternatives: tuple[Infrastructure, ...] = ()
    setup_script: str | None = None
    secrets: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    resume_from: str | None = None
    metrics: MetricsWanted | None = None
    tune: Tune | None = None
    pool: Pool | None = None

    @property
    def choices(self) -> tuple[Infrastructure, ...]:
        """All infrastructures that would do, by their number."""
        return (self.infrastructure, *self.alternatives)


def trial_plan(plan: Plan, arguments: tuple[str, ...]) -> Plan:
    """The plan of one trial of a tune: `arguments` are its script's. It has neither tune nor pool, and the nodes of a
    trial alone, in all of its infrastructures."""
    pool = plan.pool
    if pool is None:
        raise ValueError("only a tune has trials")
    first, *others = (replace(choice, node_count=pool.nodes_per_trial) for choice in plan.choices)
    return replace(
        plan,
        node_count=pool.nodes_per_trial,
        arguments=arguments,
        limits=Limits(pool.trial_seconds, plan.limits.keep_outputs, plan.limits.max_cost_usd),
        infrastructure=first,
        alternatives=tuple(others),
        tune=None,
        pool=None,
    )
