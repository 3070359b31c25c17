"""The preflight: ask, check, and where capacity is missing ask once more for what would work. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from tfinfra.arm.error_bodies import missing_actions
from tfinfra.azure.preflight import (
    alternatives,
    free_names,
    image,
    permissions,
    policy,
    registration,
    resource_locks,
    roles,
)
from tfinfra.azure.preflight.ask import Answers, Asker, Requests
from tfinfra.azure.preflight.capacity import placement_limits, quota, reservation, sku
from tfinfra.azure.preflight.finding import ArmReply, Demand, Finding, demand_of
from tfinfra.cloud import Cloud
from tfinfra.errors import Severity
from tfinfra.model import Plan, Target
from tfinfra.text.wording import first_few

_MOST = 4
_CLOSED = "ReadOnlyDisabledSubscription"
"""What ARM says of the plan as well, where it says it of a name."""
_MALFORMED = (AttributeError, TypeError, KeyError, ValueError)
"""What reading raises where ARM's document has a text in place of an object, or no number in place of one."""


@dataclass(frozen=True)
class PassedCheck:
    """One line on a check that found no fault, for a person."""

    check: str
    found: str


@dataclass(frozen=True)
class Preflight:
    """`findings` in the order of the checks; `checked` are those that found nothing to complain of."""

    findings: tuple[Finding, ...]
    checked: tuple[PassedCheck, ...]


def preflight(cloud: Cloud, plan: Plan, target: Target, record: Callable[[], Requests]) -> Preflight:
    """All that ARM says of the plan. `record` gives the requests that its two stacks will send.

    Raises CredentialsError where ARM does not know the caller.
    """
    cloud.ensure()
    demand = demand_of(plan, target)
    with Asker(cloud) as asker:
        answers = asker.all(plan, target, record)
        by_check = {check: _read(check, find) for check, find in _checks(plan, target, demand, answers).items()}
        known = frozenset(finding.code for findings in by_check.values() for finding in findings)
        if registration.BEING_REGISTERED in known:
            known |= {registration.NOT_REGISTERED}  # until then that is all that ARM says of the plan
        existing = roles.existing_principals(answers.requests)
        by_check["policy"] = _read("policy", lambda: policy.findings(answers.validation, known, existing))
        found = [finding for findings in by_check.values() for finding in findings]
        if any(finding.code in alternatives.BY_CAPACITY for finding in found):
            with suppress(*_MALFORMED):  # what would work instead is a hint: the findings stand without it
                candidates = alternatives.candidates(demand, target, policy.allowed_locations(answers.validation))
                usages, skus = asker.market_now(candidate.demand.location for candidate in candidates)
                free = [(candidate, alternatives.free(candidate, skus, usages)) for candidate in candidates]
                working = [(candidate, cores) for candidate, cores in free if cores is not None]
                found = list(alternatives.with_ways_out(found, working, demand))
    lines = _summaries(plan, demand, answers)
    well = tuple(PassedCheck(check, lines[check]()) for check in by_check if check in lines and not by_check[check])
    return Preflight(tuple(found), well)


def _read(check: str, find: Callable[[], Iterable[Finding]]) -> list[Finding]:
    """What a check finds. Where its document has not ARM's form (a proxy answered, or an unknown version of ARM), that
    is the finding: nothing is known then, and no run begins."""
    try:
        return list(find())
    except _MALFORMED:
        message = f"ARM's answer about {check} has not the form that ARM gives it"
        return [Finding("TFI623", "subscription_id", message, "try again; is there a proxy in between?")]


def _checks(plan: Plan, target: Target, demand: Demand, answers: Answers) -> dict[str, Callable[[], Iterable[Finding]]]:
    """What finds the faults of each check that needs no other's findings."""
    skus, usages = answers.skus[demand.location], answers.usages[demand.location]

    def of_quota() -> Iterable[Finding]:
        offered = _offered(skus, demand)
        return quota.findings(usages, offered, demand) if offered else ()

    return {
        "unanswered": lambda: _unanswered(answers),
        "size": lambda: sku.findings(skus, demand),
        "quota": of_quota,
        "image": lambda: image.findings(plan, answers.image, _offered(skus, demand)),
        "placement": lambda: placement_limits.findings(plan, target, answers.subnet),
        "reservation": lambda: reservation.findings(demand, answers.reservations),
        "providers": lambda: registration.findings(answers.requests, answers.providers),
        "permissions": lambda: permissions.findings(answers.requests, answers.permissions, answers.permitted),
        "roles": lambda: roles.findings(answers.roles),
        "names": lambda: free_names.findings(answers.groups, answers.accounts),
        "locks": lambda: resource_locks.findings(answers.locks, target),
    }


def _offered(skus: ArmReply, demand: Demand) -> sku.Offer | None:
    """The size's offer, None also where the check of the size says that it cannot be read."""
    with suppress(*_MALFORMED):
        return sku.offer(skus, demand)
    return None


def _summaries(plan: Plan, demand: Demand, answers: Answers) -> dict[str, Callable[[], str]]:
    """One line for each check; only those without findings are shown."""
    skus, usages = answers.skus[demand.location], answers.usages[demand.location]
    offered = _offered(skus, demand)
    return {
        "size": lambda: sku.summary(skus, demand),
        **({"quota": lambda: quota.summary(usages, offered, demand)} if offered else {}),
        "image": lambda: image.summary(plan, answers.image),
        "providers": lambda: registration.summary(answers.providers),
        "permissions": lambda: permissions.summary(answers.requests, answers.permissions, answers.permitted),
        "names": lambda: free_names.summary(answers.groups, answers.accounts),
        "locks": lambda: resource_locks.summary(answers.locks),
        "policy": lambda: policy.summary(len(answers.requests)) if answers.validation.ok else "not known",
    }


def _unanswered(answers: Answers) -> Iterator[Finding]:
    """The findings for questions without an answer: a warning where the caller may not ask; an error where ARM does not
    answer, as nothing is known then. What fails alike is one finding."""
    denied = {what: reply for what, reply in answers.unanswered().items() if reply.status == 403}
    if denied:
        said = [str(reply.error.get("message")) for reply in denied.values()]
        actions = dict.fromkeys(action for text in said for action in missing_actions(text))
        hint = f"a role with {first_few(actions or ['*/read'], _MOST)} lets tfinfra ask"
        why = f": {said[0]}" if len(said) == 1 else ""
        message = f"ARM does not tell you of {first_few(denied, _MOST)} (403){why}"
        yield Finding("TFI622", "subscription_id", message, hint, Severity.WARNING)
    silent: dict[str, list[str]] = {}
    for what, reply in answers.unanswered().items():
        if reply.status != 403 and reply.error.get("code") != _CLOSED:
            silent.setdefault(f"{reply.error.get('code')}: {reply.error.get('message')}", []).append(what)
    for why, asked in silent.items():
        message = f"ARM does not tell of {first_few(asked, _MOST)}: {why}"
        yield Finding("TFI623", "subscription_id", message, "try again")
