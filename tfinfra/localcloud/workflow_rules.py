"""Which workflows the local cloud takes: those of the shape that stacks/timer.py makes, which look at their own run's
groups and delete each whose tag says that it has expired. A rehearsal of anything else would prove nothing, so it is
refused when it is made.

What may vary is how often it looks, at which of the run's groups, by which version of the API, and what its actions and
parameters are called. A call is the same whenever it is made, so it is judged by its value. A condition is not: it is
compared, because however many moments it were tried at, it could be another at the next.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud import expressions
from tfinfra.localcloud.arm_error import ArmError
from tfinfra.localcloud.layout import AUDIENCE
from tfinfra.localcloud.state import Resource

ARM_HOST = "management.azure.com"
RUN_TAG, EXPIRES_TAG = "tfinfra-run", "tfinfra-expires-at"
FREQUENCIES = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_LANGUAGE = f"https://schema.{ARM_HOST}/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
_PARTS = {"$schema", "contentVersion", "parameters", "triggers", "actions"}
_INPUTS = {"method", "uri", "authentication"}
_PATH = re.compile(
    r"/subscriptions/(?P<subscription>[^/?#]+)/resourceGroups/(?P<group>[^/?#]+)\?api-version=\d{4}-\d\d-\d\d"
)
_NEVER = "9999-12-31T23:59:59Z"
_CALL, _IF = {"type", "inputs"}, {"type", "expression", "actions", "runAfter"}
_DELETION_SETTINGS = {"operationOptions": "DisableAsyncPattern"}


@dataclass(frozen=True)
class Call:
    """One Http action: what it asks of which group, by its name."""

    action: str
    method: str
    group: str


def check(workflow: Resource, arm_port: int) -> None:
    """Raises ArmError (400) with everything that is wrong with the workflow's definition. It may call ARM by its public
    name or by this cloud's own, which is on loopback at `arm_port`."""
    own = (f"https://{host}:{arm_port}" for host in ("127.0.0.1", "localhost"))
    found = list(_Checker(workflow, (f"https://{ARM_HOST}", *own)).findings())
    if found:
        raise ArmError(400, "InvalidTemplate", f"The local cloud runs no such workflow: {'; '.join(found)}.")


class _Checker:
    def __init__(self, workflow: Resource, endpoints: tuple[str, ...]) -> None:
        self._endpoints = endpoints
        self._definition = _mapping(workflow.properties.get("definition"))
        given = _mapping(workflow.properties.get("parameters"))
        self._values = {name: _mapping(parameter).get("value") for name, parameter in given.items()}
        self._functions = {"parameters": self._values.__getitem__}
        named = _mapping(_mapping(workflow.body.get("identity")).get("userAssignedIdentities"))
        self._identities = {name.lower() for name in named}
        self._run = workflow.tags.get(RUN_TAG)
        self._subscription = workflow.id.split("/")[2].lower()

    def findings(self) -> Iterator[str]:
        yield from self._parts()
        yield from _trigger_findings(_mapping(self._definition.get("triggers")))
        looks: dict[str, Call] = {}
        actions = {name: _mapping(a) for name, a in _mapping(self._definition.get("actions")).items()}
        ends = {name: action for name, action in actions.items() if action.get("type") == "If"}
        for name, action in actions.items():
            if name not in ends:
                yield from self._look(name, action, looks)
        for name, action in ends.items():
            yield from self._end(name, action, looks)
        yield from _unended(looks, ends)

    def _parts(self) -> Iterator[str]:
        if more := self._definition.keys() - _PARTS:
            yield f"it has {', '.join(sorted(more))}"
        if self._definition.get("$schema") != _LANGUAGE:
            yield f"it is not written in the language of {_LANGUAGE}"
        if self._definition.get("parameters") != {name: {"type": "String"} for name in self._values}:
            yield "it declares other parameters than the texts that it is given"

    def _look(self, name: str, action: Mapping[str, Any], looks: dict[str, Call]) -> Iterator[str]:
        call = self._call(name, action)
        if isinstance(call, str):
            yield call
        elif call.method != "GET":
            yield f"'{name}' sends {call.method} without having looked whether the group has expired"
        else:
            looks[name] = call
            yield from _settings_findings(name, action, _CALL, {})

    def _end(self, name: str, action: Mapping[str, Any], looks: dict[str, Call]) -> Iterator[str]:
        """An If after a look, on the tag that it found, with one DELETE of the same group."""
        after = _mapping(action.get("runAfter"))
        look = looks.get(next(iter(after))) if len(after) == 1 else None
        if look is None or action.get("expression") != _has_expired(look.action):
            yield f"'{name}' does not ask whether {EXPIRES_TAG} of a group that it looked at has passed"
            return
        if after[look.action] != _outcomes(look.group):
            yield f"'{name}' runs not just after '{look.action}' has {' or '.join(_outcomes(look.group))}"
        yield from _settings_findings(name, action, _IF, {})
        inner = _mapping(action.get("actions"))
        if len(inner) != 1:
            yield f"'{name}' has {len(inner)} actions and not one"
        for last, body in inner.items():
            yield from self._deletion(last, _mapping(body), look)

    def _deletion(self, name: str, action: Mapping[str, Any], look: Call) -> Iterator[str]:
        call = self._call(name, action)
        if isinstance(call, str):
            yield call
        elif (call.method, call.group) != ("DELETE", look.group):
            yield f"'{name}' sends {call.method} to {call.group} after a look at {look.group}"
        else:
            yield from _settings_findings(name, action, _CALL, _DELETION_SETTINGS)

    def _call(self, name: str, action: Mapping[str, Any]) -> Call | str:
        """The call that an action makes, or what is wrong with it."""
        if action.get("type") != "Http":
            return f"'{name}' is an action of type '{action.get('type')}'"
        inputs = _mapping(action.get("inputs"))
        method, signed = inputs.get("method"), _mapping(inputs.get("authentication"))
        if method not in ("GET", "DELETE") or inputs.keys() != _INPUTS:
            return f"'{name}' sends {method} with {', '.join(sorted(inputs))}"
        try:
            endpoint, group = self._target(str(expressions.value(inputs["uri"], self._functions)))
            signer = str(expressions.value(signed.get("identity"), self._functions))
        except (ValueError, KeyError, TypeError) as error:
            return f"'{name}' cannot be read: {error}"
        if group is None:
            return f"'{name}' calls {inputs['uri']}, which is no group of run '{self._run}'"
        if not self._is_signed(signed, signer, endpoint):
            return f"'{name}' is not signed for ARM by an identity of the workflow"
        return Call(name, method, group)

    def _target(self, uri: str) -> tuple[str, str | None]:
        """(the endpoint, the group of this workflow's run) that `uri` names; the group is None for anything else."""
        endpoint = next((e for e in self._endpoints if uri.startswith(f"{e}/")), "")
        found = _PATH.fullmatch(uri.removeprefix(endpoint)) if endpoint else None
        if found is None or not self._run or found["subscription"].lower() != self._subscription:
            return endpoint, None
        own = re.fullmatch(rf"tfinfra-{re.escape(self._run)}-(keep|compute(-\d+)?)", found["group"])
        return endpoint, found["group"] if own else None

    def _is_signed(self, authentication: Mapping[str, Any], signer: str, endpoint: str) -> bool:
        kind = {name: value for name, value in authentication.items() if name != "identity"}
        audience = f"{endpoint}/" if endpoint == f"https://{ARM_HOST}" else AUDIENCE  # as /metadata/endpoints tells it
        expected = {"type": "ManagedServiceIdentity", "audience": audience}
        return kind == expected and signer.lower() in self._identities


def _trigger_findings(triggers: Mapping[str, Any]) -> Iterator[str]:
    if len(triggers) != 1:
        yield f"it has {len(triggers)} triggers and not one recurrence"
    for name, trigger in triggers.items():
        recurrence = _mapping(_mapping(trigger).get("recurrence"))
        frequency, interval = recurrence.get("frequency"), recurrence.get("interval")
        known = str(frequency).lower() in FREQUENCIES and type(interval) is int and interval > 0
        plain = {"type": "Recurrence", "recurrence": {"frequency": frequency, "interval": interval}}
        if not known or trigger != plain:
            yield f"its trigger '{name}' is no recurrence of a frequency and an interval alone"


def _settings_findings(
    name: str, action: Mapping[str, Any], own: set[str], expected: Mapping[str, Any]
) -> Iterator[str]:
    """What an action has beside its `own` members; an empty one says nothing."""
    settings = {key: value for key, value in action.items() if key not in own and value != {}}
    if settings != expected:
        yield f"'{name}' has the settings {settings} and not {expected}"


def _unended(looks: Mapping[str, Call], ends: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Each group that is looked at is deleted once."""
    if not looks:
        yield "it looks at no group"
    followed = Counter(look for action in ends.values() for look in _mapping(action.get("runAfter")))
    for look in looks:
        if followed[look] != 1:
            yield f"'{look}' is followed by {followed[look]} deletions and not one"


def _has_expired(look: str) -> dict[str, Any]:
    """The condition on the group that `look` found: its time has come. One without the tag never goes."""
    expiry = f"@ticks(coalesce(body('{look}')?['tags']?['{EXPIRES_TAG}'], '{_NEVER}'))"
    return {"and": [{"greater": ["@ticks(utcNow())", expiry]}]}


def _outcomes(group: str) -> list[str]:
    """How the look at a group may have ended for its deletion to be thought of: only the keep group must be there, and
    a look at it that fails fails the run, which then proves no right to delete."""
    return ["Succeeded"] if group.endswith("-keep") else ["Succeeded", "Failed"]


def _mapping(value: Any) -> Mapping[str, Any]:
    """A definition is any JSON: what should be an object and is none has nothing in it."""
    return value if isinstance(value, dict) else {}
