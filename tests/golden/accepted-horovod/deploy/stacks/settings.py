"""The stack's configuration (namespace tfinfra), checked before anything is made: all that is wrong is told at once, by
key, with what to write."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from difflib import get_close_matches

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from stacks.node_settings import complaints
from stacks.plan import Plan
from stacks.run import ARM, NO_ROLE, STORAGE, Run, group_name

_GUID = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_IDENTITY = (
    "/subscriptions/[^/]+/resource[gG]roups/[^/]+/providers/Microsoft.ManagedIdentity/userAssignedIdentities/[^/]+"
)
_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"
_PUSH = "`tfinfra push` writes it"
_OWN = "tfinfra"


@dataclass(frozen=True)
class _Key:
    """`pattern` is all that a value may be, `meaning` that in words; `example` is one, or says where one is from."""

    pattern: str
    meaning: str
    example: str


KEYS = {
    "run": _Key("[a-z][a-z0-9-]{0,23}-[a-z0-9]{6}", "a run's id, <name>-<six letters or digits>", "digits-7f3k2p"),
    "owner": _Key(r"[^\x00-\x1f\x7f]{1,256}", "whose run it is, 256 characters at most", "ada@example.org"),
    "deadline": _Key(_TIME, "the time at which the machines go at the latest, in UTC", "2030-01-31T18:00:00Z"),
    "expiresAt": _Key(_TIME, "the time at which this stack's group may be deleted, in UTC", "2030-02-07T18:00:00Z"),
    "choice": _Key("[0-9]{1,3}", "which of the plan's places the machines are in", "0"),
    "deleterRole": _Key(f"{_GUID}|{NO_ROLE}", f"the GUID of a role that deletes groups, or {NO_ROLE}", NO_ROLE),
    "principalType": _Key("User|Group|ServicePrincipal", "User, Group or ServicePrincipal", "ServicePrincipal"),
    "armEndpoint": _Key(r"https?://[^/\s]+/?", "ARM's URL", ARM),
    "armAudience": _Key(r"\S+", "whom ARM's tokens are for", f"{ARM}/"),
    "storageSuffix": _Key(r"[A-Za-z0-9.:-]+", "the end of the hosts of storage accounts", STORAGE),
    "identityId": _Key(_IDENTITY, "the ARM id of the nodes' identity", _PUSH),
    "timerIdentityId": _Key(_IDENTITY, "the ARM id of the timer's identity", _PUSH),
    "nodeSettings": _Key(r"(?s)\s*\{.*\}\s*", "the nodes' settings, a JSON object", _PUSH),
}
"""Every key of the configuration."""


@dataclass(frozen=True)
class Pushed:
    """What the compute stack is told of a run whose bundle is in its store: ARM ids, and the nodes' settings as JSON.
    `timer_identity_id` is None where the run has no timer of its own."""

    identity_id: str
    timer_identity_id: str | None
    node_settings: str


@dataclass(frozen=True)
class Settings:
    """`part` is "keep" or "compute"; `expires_at` is None where the plan's limits say it. `deleter_role` is NO_ROLE
    where the subscription has none, None for the one that `tfinfra setup azure` makes. `pushed` is None in the keep
    stack, and where nothing has been pushed. Times are ISO 8601 in UTC."""

    part: str
    run: str
    owner: str
    deadline: str
    expires_at: str | None
    choice: int
    deleter_role: str | None
    principal_type: str | None
    arm_endpoint: str
    arm_audience: str | None
    storage_suffix: str
    pushed: Pushed | None

    @property
    def group(self) -> str:
        """This stack's resource group."""
        return group_name(self.run, self.part, self.choice)


def read_settings(
    stack: str, get: Callable[[str], str | None], choices: int, names: Iterable[str] | None = None
) -> Settings:
    """The configuration of the stack of this name, whose value for a key `get` returns (None: not set); the plan has so
    many choices. `names` are all that is configured, with their namespaces; None: what Pulumi says is. Raises RunError
    with every key that is missing, wrong or none."""
    reader = _Reader(get)
    reader.wrong += strange_keys(configured() if names is None else names)
    part = _part(stack, reader.wrong)
    run, owner, deadline = reader.required("run"), reader.required("owner"), reader.required("deadline")
    expires, choice = reader.optional("expiresAt"), int(reader.optional("choice") or 0)
    for key, moment in (("deadline", deadline), ("expiresAt", expires)):
        reader.check(key, not moment or _is_time(moment), "no such time")
    if expires and part == "keep":
        reader.check("expiresAt", expires >= deadline, "before the deadline: the machines would outlive their timer")
    reader.check("choice", choice < choices, f"above {choices - 1}: the plan has {choices}")
    settings = Settings(
        part=part,
        run=run,
        owner=owner,
        deadline=deadline,
        expires_at=expires,
        choice=choice,
        deleter_role=reader.optional("deleterRole"),
        principal_type=reader.optional("principalType"),
        arm_endpoint=(reader.optional("armEndpoint") or ARM).rstrip("/"),
        arm_audience=reader.optional("armAudience"),
        storage_suffix=reader.optional("storageSuffix") or STORAGE,
        pushed=_pushed(reader, run, group_name(run, part, choice)) if part == "compute" else None,
    )
    if reader.wrong:
        lines = "".join(f"\n  {line}" for line in reader.wrong)
        raise pulumi.RunError(f"the configuration of the stack '{stack}' is not complete or wrong:{lines}")
    return settings


def run_of(settings: Settings, plan: Plan) -> Run:
    """The run in this stack. The plan's own tags come first, so that no tag can hide whose resource one is. Without an
    expiresAt the keep group outlives the deadline for as long as the plan keeps outputs."""
    deadline = _time(settings.deadline)
    expires = settings.expires_at or (
        deadline + timedelta(seconds=plan.keep_outputs * (settings.part == "keep"))
    ).strftime(_FORMAT)
    if deadline < datetime.now(timezone.utc):
        pulumi.log.warn(f"tfinfra:deadline has passed: what is made now is deleted at once ({settings.deadline})")
    marks = {"tfinfra-run": settings.run, "tfinfra-owner": settings.owner, "tfinfra-expires-at": expires}
    return Run(
        id=settings.run,
        group=settings.group,
        owner=settings.owner,
        expires_at=expires,
        location=plan.location,
        tags={**plan.tags, **marks},
        deleter_role=None if settings.deleter_role == NO_ROLE else settings.deleter_role,
        may_delete=settings.deleter_role != NO_ROLE,
        arm_endpoint=settings.arm_endpoint,
        arm_audience=settings.arm_audience,
        principal_type=settings.principal_type,
        storage_suffix=settings.storage_suffix,
        deadline=settings.deadline,
        keep_days=plan.keep_days,
    )


def configured() -> tuple[str, ...]:
    """The names of all that is configured, "namespace:key". Pulumi has no public way to them."""
    return tuple(dict.fromkeys([*CONFIG.get(), *get_config_env()]))


def strange_keys(names: Iterable[str]) -> Iterator[str]:
    """What is wrong with the names: keys of the namespace tfinfra that there are not, and ours in a namespace that is
    spelt nearly so. A key that nobody reads leaves its default in force without a word."""
    for name in names:
        space, _, key = name.rpartition(":")
        near = get_close_matches(key, KEYS, 1)
        if space == _OWN and key not in KEYS:
            meant = f"did you mean tfinfra:{near[0]}?" if near else f"there are {', '.join(KEYS)}"
            yield f"{name} is no key of this program: {meant}"
        elif space != _OWN and key in KEYS and get_close_matches(space, [_OWN], 1, 0.8):
            yield f"{name} is in no namespace of this program: did you mean {_OWN}:{key}?"


class _Reader:
    """Values by their keys; `wrong` gathers what is wrong with them. What is wrong reads as not set."""

    def __init__(self, get: Callable[[str], str | None]) -> None:
        self.wrong: list[str] = []
        self._get = get

    def optional(self, key: str) -> str | None:
        value, known = self._get(key), KEYS[key]
        if not value:
            return None
        if re.fullmatch(known.pattern, value):
            return value
        self.check(key, False, f"not {known.meaning} ({known.example})")
        return None

    def required(self, key: str) -> str:
        if not self._get(key):
            known = KEYS[key]
            write = f"`pulumi config set {key} {known.example}`" if known.example != _PUSH else _PUSH
            self.wrong.append(f"tfinfra:{key} is missing: {known.meaning} ({write})")
        return self.optional(key) or ""

    def check(self, key: str, right: bool, why: str) -> None:
        if not right:
            self.wrong.append(f"tfinfra:{key} is {_shown(self._get(key) or '')}: {why}")


def _pushed(reader: _Reader, run: str, group: str) -> Pushed | None:
    """None where neither key is there: nobody has pushed."""
    identity, timer, text = (reader.optional(key) for key in ("identityId", "timerIdentityId", "nodeSettings"))
    if not identity and not text and not reader.wrong:
        return None
    identity, text = reader.required("identityId"), reader.required("nodeSettings")
    for complaint in complaints(text, run, group) if text and run else ():
        reader.wrong.append(f"tfinfra:nodeSettings {complaint}: {_PUSH}")
    return Pushed(identity, timer, text)


def _part(stack: str, wrong: list[str]) -> str:
    """The part of a run that a stack of this name is: "<run>-keep", "<run>-compute", or "<run>-compute-1" for its
    next attempt. Nobody shall buy machines by a name that says nothing."""
    found = re.fullmatch(r"(?:.*-)?(keep|compute)(?:-[0-9]+)?", stack)
    if found is None:
        wrong.append("the stack's name must end in -keep or -compute (`pulumi stack rename <run>-keep`)")
        return "keep"
    return found[1]


def _is_time(text: str) -> bool:
    try:
        _time(text)
    except ValueError:
        return False
    return True


def _time(text: str) -> datetime:
    return datetime.strptime(text, _FORMAT).replace(tzinfo=timezone.utc)


def _shown(value: str) -> str:
    return json.dumps(value if len(value) <= 80 else f"{value[:80]}…", ensure_ascii=False)
