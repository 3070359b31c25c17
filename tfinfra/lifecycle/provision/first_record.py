"""A run's first records: one when its id is told, so that a run which comes to nothing is known too, and one, with its
deadline, before the first write to a cloud."""

from __future__ import annotations

from dataclasses import replace

from tfinfra.cloud import Cloud
from tfinfra.lifecycle.end.stacks import users_backend
from tfinfra.lifecycle.record import names, spending
from tfinfra.lifecycle.record.driver import this_process
from tfinfra.lifecycle.record.run_record import Attempt, RunPhase, RunRecord
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.model import Plan, Target
from tfinfra.money.budget import Deadline, deadline, kept_seconds, latest_deadline
from tfinfra.money.ledger import Ledger
from tfinfra.system.clock import iso_time


def first_record(plan: Plan, target: Target, options: UpOptions, cloud: Cloud, now: float) -> RunRecord:
    """The record of a run that has touched nothing so far and is billed nothing; its deadline is not the last word."""
    run, end = names.run_id(plan.name, options.letters), deadline(plan.limits, options.burn, now)
    return RunRecord(
        run=run,
        name=plan.name,
        target=target,
        rehearse=options.rehearse,
        owner=cloud.owner,
        keep_group=names.group_name(run, "keep"),
        compute_group=names.group_name(run, "compute"),
        deadline=iso_time(end.at),
        keep_until=iso_time(end.at + plan.limits.keep_outputs),
        results=str(options.results / run),
        leader=plan.tasks[0].name,
        plan_tasks=tuple(task.name for task in plan.tasks),
        usd_per_hour=options.burn.total,
        max_cost_usd=plan.limits.max_cost_usd,
        limit=end.limit,
        run_seconds=end.seconds,
        machines=options.machines,
        backend=users_backend(),
        client=this_process(),
        resumes=options.resume,
        manifest=options.manifest,
        times={"started": now},
    )


def begun(
    plan: Plan,
    target: Target,
    options: UpOptions,
    cloud: Cloud,
    now: float,
    *,
    environment: str,
    longest: float | None = None,
) -> tuple[Deadline, RunRecord]:
    """The deadline, counted from `now` on, and the record of a run whose groups are about to be made; `environment` is
    its lock's key, `longest` the most seconds that guardrails give a run."""
    end, first = deadline(plan.limits, options.burn, now), plan.infrastructure
    record = first_record(plan, target, options, cloud, now)
    latest = latest_deadline(end, plan.limits, options.burn, longest) if options.keep else end.at
    until = end.at + kept_seconds(plan.limits)
    return end, replace(
        record,
        phase=RunPhase.PROVISIONING,
        environment=environment,
        latest=iso_time(latest) if latest > end.at else None,
        ledger=Ledger((spending.billed(record.keep_group, "keep", options.burn.keep, now, until),)),
        attempts=(Attempt(record.compute_group, first.location, first.vm_size),),
    )
