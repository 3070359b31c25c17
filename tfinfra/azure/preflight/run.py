"""The preflight: ask, check, and where capacity is missing ask once more for what would work. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from tfinfra.arm.errors import missing_actions
from tfinfra.azure.preflight import (
    image,
    instead,
    names,
    permissions,
    placement,
    policy,
    quota,
    registration,
    reservation,
    roles,
    sku,
)
from tfinfra.azure.preflight.ask import Answers, Asker, Requests
from tfinfra.azure.preflight.finding import Demand, Finding, demand_of
from tfinfra.cloud import Cloud
from tfinfra.errors import Severity
from tfinfra.model import Plan, Target

_MOST = 4


@dataclass(frozen=True)
class Checked:
    """One line of what was asked and found, for whoever wants to see that all is well."""

    check: str
    found: str


@dataclass(frozen=True)
class Preflight:
    """`findings` in the order of the checks; `checked` are those that found nothing to complain of."""

    findings: tuple[Finding, ...]
    checked: tuple[Checked, ...]


def preflight(cloud: Cloud, plan: Plan, target: Target, record: Callable[[], Requests]) -> Preflight:
    """All that ARM says of the plan. `record` gives the requests that its two stacks will send.

    Raises CredentialsError where ARM does not know the caller.
    """
    cloud.ensure()
    demand = demand_of(plan, target)
    with Asker(cloud) as asker:
        answers = asker.all(plan, target, record)
        by_check = {check: list(found) for check, found in _checks(plan, target, demand, answers)}
        known = frozenset(finding.code for findings in by_check.values() for finding in findings)
        existing = roles.existing_principals(answers.requests)
        by_check["policy"] = list(policy.findings(answers.validation, known, existing))
        found = [finding for findings in by_check.values() for finding in findings]
        if any(finding.code in instead.BY_CAPACITY for finding in found):
            candidates = instead.candidates(demand, target, policy.allowed_locations(answers.validation))
            found = list(_with_ways_out(asker, found, demand, candidates))
    lines = _summaries(plan, demand, answers)
    well = tuple(Checked(check, lines[check]) for check in by_check if check in lines and not by_check[check])
    return Preflight(tuple(found), well)


def _checks(plan: Plan, target: Target, demand: Demand, answers: Answers) -> Iterator[tuple[str, Iterator[Finding]]]:
    """(check, findings) of each check that stands on its own."""
    skus, usages = answers.skus[demand.location], answers.usages[demand.location]
    offered = sku.offer(skus, demand)
    yield "unanswered", _unanswered(answers)
    yield "size", sku.findings(skus, demand)
    yield "quota", quota.findings(usages, offered, demand) if offered else iter(())
    yield "image", image.findings(plan, answers.image, offered)
    yield "placement", placement.findings(plan, target, answers.subnet)
    yield "reservation", reservation.findings(demand, answers.reservations)
    yield "providers", registration.findings(answers.requests, answers.providers)
    yield "permissions", permissions.findings(answers.requests, answers.permissions)
    yield "roles", roles.findings(answers.roles)
    yield "names", names.findings(answers.groups, answers.accounts)
    yield "locks", names.lock_findings(answers.locks, target)


def _summaries(plan: Plan, demand: Demand, answers: Answers) -> dict[str, str]:
    """One line for each check; only those without findings are shown."""
    skus, usages = answers.skus[demand.location], answers.usages[demand.location]
    offered = sku.offer(skus, demand)
    return {
        "size": sku.summary(skus, demand),
        **({"quota": quota.summary(usages, offered, demand)} if offered else {}),
        "image": image.summary(plan, answers.image),
        "providers": registration.summary(answers.providers),
        "permissions": permissions.summary(answers.requests, answers.permissions),
        "names": names.summary(answers.groups, answers.accounts),
        "locks": names.lock_summary(answers.locks),
        "policy": policy.summary(len(answers.requests)) if answers.validation.ok else "not known",
    }


def _unanswered(answers: Answers) -> Iterator[Finding]:
    """Who may not ask is warned; where ARM does not answer, nothing is known, and nothing is begun. What fails alike is
    one finding."""
    denied = {what: reply for what, reply in answers.unanswered().items() if reply.status == 403}
    if denied:
        said = [str(reply.error.get("message")) for reply in denied.values()]
        actions = dict.fromkeys(action for text in said for action in missing_actions(text))
        hint = f"a role with {_some(actions or ['*/read'])} lets tfinfra ask"
        message = f"ARM does not tell you of {_some(denied)} (403)" + (f": {said[0]}" if len(said) == 1 else "")
        yield Finding("TFI622", "subscription_id", message, hint, Severity.WARNING)
    silent: dict[str, list[str]] = {}
    for what, reply in answers.unanswered().items():
        if reply.status != 403:
            silent.setdefault(f"{reply.error.get('code')}: {reply.error.get('message')}", []).append(what)
    for why, asked in silent.items():
        yield Finding("TFI623", "subscription_id", f"ARM does not tell of {_some(asked)}: {why}", "try again")


def _some(names: Collection[str]) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(list(names)[:_MOST])}{more}"


def _with_ways_out(
    asker: Asker, found: list[Finding], demand: Demand, candidates: tuple[instead.Candidate, ...]
) -> Iterator[Finding]:
    """The findings with what would work instead; mere warnings where the target itself names a place that would."""
    usages, skus = asker.market_now(c.demand.location for c in candidates)
    left = [(c, instead.free(c, skus, usages)) for c in candidates]
    working = [(c, free) for c, free in left if free is not None]
    second = any(c.written for c, _ in working)
    for finding in instead.with_ways_out(found, working, demand):
        capacity = finding.code in instead.BY_CAPACITY
        yield replace(finding, severity=Severity.WARNING) if capacity and second else finding
