"""Which workflows the local cloud takes: those of the shape that stacks/timer.py makes, which look at their own run's
groups and delete each whose tag says that it has expired, and each, whatever its tag says, at a time that stands in the
workflow itself. A rehearsal of anything else would prove nothing, so it is refused when it is made.

What may vary is how often it looks, at which of the run's groups, by which version of the API, what its latest times
are, and what its actions and parameters are called. A call is the same whenever it is made, so it is judged by its
value. A condition is not: it is compared, because however many moments it were tried at, it could be another at the
next.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud.arm.workflows import expressions
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.common.state_folder import AUDIENCE
from tfinfra.system.clock import unix_time

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
_LITERAL = re.compile(r"@ticks\('([^']+)'\)")
_ENDED = ("Succeeded", "Failed", "Skipped", "TimedOut")
_CALL, _IF = {"type", "inputs"}, {"type", "expression", "actions", "runAfter"}
_DELETION_SETTINGS = {"operationOptions": "DisableAsyncPattern"}


@dataclass(frozen=True)
class Call:
    """One Http action: what it asks of which group, by its name."""

    action: str
    method: str
    group: str


def check(workflow: ArmResource, arm_port: int) -> None:
    """Raises ArmRefusal (400) with everything that is wrong with the workflow's definition. It may call ARM by its
    public name or by this cloud's own, which is on loopback at `arm_port`."""
    own = (f"https://{host}:{arm_port}" for host in ("127.0.0.1", "localhost"))
    found = list(_Checker(workflow, (f"https://{ARM_HOST}", *own)).violations())
    if found:
        raise ArmRefusal(400, "InvalidTemplate", f"The local cloud runs no such workflow: {'; '.join(found)}.")


class _Checker:
    def __init__(self, workflow: ArmResource, endpoints: tuple[str, ...]) -> None:
        self._endpoints = endpoints
        self._definition = _mapping(workflow.properties.get("definition"))
        given = _mapping(workflow.properties.get("parameters"))
        self._values = {name: _mapping(parameter).get("value") for name, parameter in given.items()}
        self._functions = {"parameters": self._values.__getitem__}
        named = _mapping(_mapping(workflow.body.get("identity")).get("userAssignedIdentities"))
        self._identities = {name.lower() for name in named}
        self._run = workflow.tags.get(RUN_TAG)
        self._subscription = workflow.id.split("/")[2].lower()

    def violations(self) -> Iterator[str]:
        yield from self._parts()
        yield from _trigger_findings(_mapping(self._definition.get("triggers")))
        looks: dict[str, Call] = {}
        actions = {name: _mapping(a) for name, a in _mapping(self._definition.get("actions")).items()}
        ends = {name: action for name, action in actions.items() if action.get("type") == "If"}
        for name, action in actions.items():
            if name not in ends:
                yield from self._look(name, action, looks)
        others = [look for look, call in looks.items() if not call.group.endswith("-keep")]
        timely = {name: look for name, action in ends.items() if (look := _timely(action, looks, others))}
        last: list[str] = []
        for name, action in ends.items():
            yield from self._end(name, action, timely, others, last)
        yield from _unended(looks, timely, last)

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

    def _end(
        self, name: str, action: Mapping[str, Any], timely: Mapping[str, Call], others: Sequence[str], last: list[str]
    ) -> Iterator[str]:
        """An If with one DELETE of a group that was looked at: one of the `timely` ones, after the look, on the tag
        that it found; or after such a one, at a literal time: its look is among the `last` then."""
        expression, after = action.get("expression"), action.get("runAfter")
        before = next((other for other in _mapping(after) if other in timely), None)
        if (look := timely.get(name)) is not None:
            wanted = _after_looks(look, others)
        elif before is not None:
            look, time = timely[before], _literal_time(expression)
            wanted = _after_timely(look, before)
            last.append(look.action)
            if time is None or not _is_same(expression, [_has_passed(f"'{time}'"), *_only(look, others)]):
                yield f"'{name}' names no time at which {look.group} goes at the latest"
                return
        else:
            yield f"'{name}' does not ask whether {EXPIRES_TAG} of a group that it looked at has passed"
            return
        if after != wanted:
            yield f"'{name}' runs not just after {wanted}"
        yield from _settings_findings(name, action, _IF, {})
        inner = _mapping(action.get("actions"))
        if len(inner) != 1:
            yield f"'{name}' has {len(inner)} actions and not one"
        for deletion, body in inner.items():
            yield from self._deletion(deletion, _mapping(body), look)

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


def _unended(looks: Mapping[str, Call], timely: Mapping[str, Call], last: list[str]) -> Iterator[str]:
    """Each group that is looked at is deleted in its time, and at its latest time, and in no other case."""
    if not looks:
        yield "it looks at no group"
    followed, ended = Counter(call.action for call in timely.values()), Counter(last)
    for look in looks:
        if followed[look] != 1:
            yield f"'{look}' is followed by {followed[look]} deletions and not one"
        elif ended[look] != 1:
            yield f"'{look}' is followed by {ended[look]} deletions at the latest time and not one"


def _timely(action: Mapping[str, Any], looks: Mapping[str, Call], others: Sequence[str]) -> Call | None:
    """The look whose group's own time the condition is about: the time in the tag has come. One without the tag has
    none."""
    for look in looks.values():
        expiry = f"coalesce(body('{look.action}')?['tags']?['{EXPIRES_TAG}'], '{_NEVER}')"
        wanted = [_has_passed(expiry), *_only(look, others)]
        if look.group.endswith("-keep") and others:  # not before the latest time of what the timer is there for
            wanted.insert(1, _has_passed(f"'{_literal_time(action.get('expression'), 1)}'"))
        if _is_same(action.get("expression"), wanted):
            return look
    return None


def _is_same(expression: Any, wanted: Sequence[Any]) -> bool:
    """Whether all of `wanted` is asked, the time first, and nothing else."""
    if not isinstance(expression, dict) or expression.keys() != {"and"} or not isinstance(expression["and"], list):
        return False
    asked = expression["and"]
    return bool(
        len(asked) == len(wanted) and asked[:1] == list(wanted[:1]) and all(one in asked[1:] for one in wanted[1:])
    )


def _has_passed(time: str) -> dict[str, Any]:
    return {"greater": ["@ticks(utcNow())", f"@ticks({time})"]}


def _only(look: Call, others: Sequence[str]) -> list[Any]:
    """The keep group goes when all others are gone, for its timer is the last who deletes them; another while it is
    there."""
    codes = {name: f"@outputs('{name}')?['statusCode']" for name in others}
    gone = [{"or": [{"equals": [code, status]} for status in (404, 403)]} for code in codes.values()]
    return gone if look.group.endswith("-keep") else [{"not": gone[others.index(look.action)]}]


def _literal_time(expression: Any, place: int = 0) -> str | None:
    """The time that stands in a condition, at this place, None where there is none."""
    try:
        found = _LITERAL.fullmatch(expression["and"][place]["greater"][1])
        unix_time(found[1] if found else "")
    except (LookupError, TypeError, ValueError):
        return None
    return found[1] if found else None


def _after_looks(look: Call, others: Sequence[str]) -> dict[str, list[str]]:
    """Only the keep group must be there, and a look at it that fails fails the run, which then proves no right."""
    own = {look.action: ["Succeeded"]}
    return {**own, **{name: list(_ENDED) for name in others}} if look.group.endswith("-keep") else own


def _after_timely(look: Call, before: str) -> dict[str, list[str]]:
    """However the one before ended: a tag that is no time must not keep a group."""
    if look.group.endswith("-keep"):
        return {look.action: ["Succeeded"], before: ["Succeeded", "Failed", "TimedOut"]}
    return {before: list(_ENDED)}


def _mapping(value: Any) -> Mapping[str, Any]:
    """A definition is any JSON: what should be an object and is none has nothing in it."""
    return value if isinstance(value, dict) else {}
