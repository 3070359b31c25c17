"""A run's first records: one when its id is told, so that a run which comes to nothing is known too, and one, with its
deadline, before the first write to a cloud."""

from __future__ import annotations

from dataclasses import replace

from tfinfra.lifecycle.end.stacks import users_backend
from tfinfra.lifecycle.record import names, spending
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import Attempt, RunRecord
from tfinfra.lifecycle.run.context import ActiveRun
from tfinfra.model import Target
from tfinfra.money.budget import Deadline, deadline, kept_seconds
from tfinfra.money.ledger import Ledger
from tfinfra.system.clock import iso_time


def starting(active: ActiveRun, target: Target) -> RunRecord:
    """The record of a run that has touched nothing so far and is billed nothing; its deadline is not the last word."""
    return _record(active, target)[1]


def begun(active: ActiveRun, target: Target, environment: str) -> tuple[Deadline, RunRecord]:
    """The deadline, counted from now on, and the record of a run whose groups are about to be made."""
    end, record = _record(active, target)
    started, first = record.times["started"], active.plan.infrastructure
    until = end.at + kept_seconds(active.plan.limits)
    return end, replace(
        record,
        phase="provisioning",
        environment=environment,
        ledger=Ledger((spending.billed(record.keep_group, "keep", active.options.burn.keep, started, until),)),
        attempts=(Attempt(record.compute_group, first.location, first.vm_size),),
    )


def _record(active: ActiveRun, target: Target) -> tuple[Deadline, RunRecord]:
    plan, options, now = active.plan, active.options, active.ports.clock()
    end = deadline(plan.limits, options.burn, now)
    return end, RunRecord(
        run=active.run,
        name=plan.name,
        target=target,
        rehearse=options.rehearse,
        owner=active.ports.cloud.owner,
        keep_group=names.group_name(active.run, "keep"),
        compute_group=names.group_name(active.run, "compute"),
        deadline=iso_time(end.at),
        keep_until=iso_time(end.at + plan.limits.keep_outputs),
        results=str(options.results / active.run),
        leader=plan.tasks[0].name,
        plan_tasks=tuple(task.name for task in plan.tasks),
        usd_per_hour=options.burn.total,
        max_cost_usd=plan.limits.max_cost_usd,
        limit=end.limit,
        run_seconds=end.seconds,
        machines=options.machines,
        backend=users_backend(),
        client=this_process(),
        times={"started": now},
    )
