"""The one kind of workflow that the local cloud runs: the timer of stacks/timer.py. It looks at its own run's groups
and deletes each whose tag says that it has expired, and each, whatever its tag says, at a time that is in the workflow
itself. Any other is refused when it is made: a rehearsal of it would prove nothing.

A timer may choose how often it looks, at which of the run's groups, by which version of the API, what its latest times
are, and what its actions and parameters are called. All of that is read into a Timer, which logic.py runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tfinfra.localcloud.arm.workflows.timer_conditions import latest_time, timely_condition
from tfinfra.localcloud.arm.workflows.timer_model import (
    EXPIRES_TAG,
    RUN_TAG,
    Deletion,
    GroupCall,
    Recurrence,
    Timer,
    WatchedGroup,
)
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.localcloud.common.state_folder import AUDIENCE
from tfinfra.system.clock import unix_time

ARM_HOST = "management.azure.com"
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_LANGUAGE = f"https://schema.{ARM_HOST}/providers/Microsoft.Logic/schemas/2016-06-01/workflowdefinition.json#"
_DEFINITION_KEYS = {"$schema", "contentVersion", "parameters", "triggers", "actions"}
_INPUT_KEYS = {"method", "uri", "authentication"}
_URI = re.compile(
    rf"(?P<endpoint>https://(?:{re.escape(ARM_HOST)}|(?:127\.0\.0\.1|localhost):(?P<port>\d+)))"
    r"/subscriptions/(?P<subscription>[^/?#]+)/resourceGroups/(?P<group>[^/?#]+)\?api-version=\d{4}-\d\d-\d\d"
)
_EMBEDDED = re.compile(r"@\{((?:[^{}']|'(?:[^']|'')*')*)\}")
_PARAMETER = re.compile(r"\s*parameters\s*\(\s*'((?:[^']|'')*)'\s*\)\s*", re.IGNORECASE)
_ENDED = ["Succeeded", "Failed", "Skipped", "TimedOut"]
_CALL_KEYS, _IF_KEYS = {"type", "inputs"}, {"type", "expression", "actions", "runAfter"}
_DELETION_SETTINGS = {"operationOptions": "DisableAsyncPattern"}


def accepted_timer(workflow: ArmResource, arm_port: int) -> Timer:
    """The timer that a workflow is when it is made. Raises ArmRefusal (400) with everything that keeps it from being
    one. It may call ARM by its public name or by this cloud's own, which is on loopback at `arm_port`."""
    reader = _TimerReader(workflow, arm_port)
    timer = reader.timer()
    reader.refuse_faults()
    return timer


def stored_timer(workflow: ArmResource) -> Timer:
    """The timer that was accepted before. Raises ArmRefusal (400).

    Azure runs a workflow whatever has become of its tags and of its identity: a call that nothing signs any more is
    refused, and the run fails. Its endpoint stays as well, though the cloud has another port when it is started again.
    """
    reader = _TimerReader(workflow, None)
    timer = reader.timer()
    reader.refuse_faults()
    return timer


def stored_trigger(workflow: ArmResource) -> Recurrence:
    """The trigger alone of a timer that was accepted before. Raises ArmRefusal (400)."""
    reader = _TimerReader(workflow, None)
    trigger = reader.trigger()
    reader.refuse_faults()
    return trigger


class _TimerReader:
    """Reads a workflow and notes in `faults` what is not as a timer has it.

    Where `arm_port` is None it was accepted before: its tag, its identity and its endpoint are not judged again."""

    def __init__(self, workflow: ArmResource, arm_port: int | None) -> None:
        self.faults: list[str] = []
        self._definition = _mapping(workflow.properties.get("definition"))
        given = _mapping(workflow.properties.get("parameters"))
        self._values = {name: _mapping(parameter).get("value") for name, parameter in given.items()}
        named = _mapping(_mapping(workflow.body.get("identity")).get("userAssignedIdentities"))
        self._identities = {name.lower() for name in named}
        self._run = workflow.tags.get(RUN_TAG)
        self._subscription = workflow.id.split("/")[2].lower()
        self._arm_port = arm_port

    def refuse_faults(self) -> None:
        if self.faults:
            message = f"The local cloud runs no such workflow: {'; '.join(self.faults)}."
            raise ArmRefusal(400, "InvalidTemplate", message)

    def timer(self) -> Timer:
        """Only where there are no faults is it whole."""
        if more := self._definition.keys() - _DEFINITION_KEYS:
            self.faults.append(f"it has {', '.join(sorted(more))}")
        if self._definition.get("$schema") != _LANGUAGE:
            self.faults.append(f"it is not written in the language of {_LANGUAGE}")
        if self._definition.get("parameters") != {name: {"type": "String"} for name in self._values}:
            self.faults.append("it declares other parameters than the texts that it is given")
        trigger = self.trigger()
        actions = {name: _mapping(action) for name, action in _mapping(self._definition.get("actions")).items()}
        looks = self._looks({name: action for name, action in actions.items() if action.get("type") != "If"})
        groups = self._groups(looks, {name: action for name, action in actions.items() if action.get("type") == "If"})
        return Timer(trigger, groups)

    def trigger(self) -> Recurrence:
        """The one trigger."""
        triggers = _mapping(self._definition.get("triggers"))
        if len(triggers) != 1:
            self.faults.append(f"it has {len(triggers)} triggers and not one recurrence")
        found = Recurrence("", 0.0)
        for name, trigger in triggers.items():
            recurrence = _mapping(_mapping(trigger).get("recurrence"))
            frequency, interval = recurrence.get("frequency"), recurrence.get("interval")
            unit = _SECONDS.get(str(frequency).lower())
            plain = {"type": "Recurrence", "recurrence": {"frequency": frequency, "interval": interval}}
            if unit and type(interval) is int and interval > 0 and trigger == plain:
                found = Recurrence(name, float(unit * interval))
            else:
                self.faults.append(f"its trigger '{name}' is no recurrence of a frequency and an interval alone")
        return found

    def _looks(self, actions: Mapping[str, Mapping[str, Any]]) -> dict[str, GroupCall]:
        looks: dict[str, GroupCall] = {}
        for name, action in actions.items():
            call = self._call(name, action)
            if call and call.method != "GET":
                self.faults.append(f"'{name}' sends {call.method} without having looked whether the group has expired")
            elif call:
                looks[name] = call
                self._check_settings(name, action, _CALL_KEYS, {})
        return looks

    def _groups(self, looks: Mapping[str, GroupCall], ifs: Mapping[str, Mapping[str, Any]]) -> tuple[WatchedGroup, ...]:
        """Each group that is looked at is deleted in its time, and at its latest time, and in no other case."""
        others = [name for name, look in looks.items() if not look.is_of_keep]
        conditions = {name: timely_condition(action.get("expression"), looks, others) for name, action in ifs.items()}
        timely = {name: condition for name, condition in conditions.items() if condition}
        latest = {}  # the name of the timely If of the same group, after which each runs
        for name, action in ifs.items():
            before = [other for other in _mapping(action.get("runAfter")) if other in timely]
            if before and name not in timely:
                latest[name] = before[0]
        deletions = self._deletions(ifs, timely, latest, others)
        if not looks:
            self.faults.append("it looks at no group")
        groups = []
        for name, look in looks.items():
            soon = [end for end, (own, _) in timely.items() if own == look]
            last = [end for end, before in latest.items() if before in soon]
            if len(soon) != 1:
                self.faults.append(f"'{name}' is followed by {len(soon)} deletions and not one")
            elif len(last) != 1:
                self.faults.append(f"'{name}' is followed by {len(last)} deletions at the latest time and not one")
            elif soon[0] in deletions and last[0] in deletions:
                groups.append(WatchedGroup(look, deletions[soon[0]], deletions[last[0]]))
        return tuple(groups)

    def _deletions(
        self,
        ifs: Mapping[str, Mapping[str, Any]],
        timely: Mapping[str, tuple[GroupCall, Sequence[str]]],
        latest: Mapping[str, str],
        others: Sequence[str],
    ) -> dict[str, Deletion]:
        """What each If deletes, where it can be read."""
        read = {}
        for name, action in ifs.items():
            if name in timely:
                look, times = timely[name]
                read[name] = self._timely_deletion(name, action, look, times, others)
            elif name in latest:
                look, _ = timely[latest[name]]
                read[name] = self._latest_deletion(name, action, look, latest[name], others)
            else:
                reason = f"does not ask whether {EXPIRES_TAG} of a group that it looked at has passed"
                self.faults.append(f"'{name}' {reason}")
        return {name: deletion for name, deletion in read.items() if deletion}

    def _timely_deletion(
        self, name: str, action: Mapping[str, Any], look: GroupCall, times: Sequence[str], others: Sequence[str]
    ) -> Deletion | None:
        """None where it cannot be read, with the reason among the faults."""
        # only the keep group must exist: a look at it that fails fails the run, which then proves no right
        others_ended = dict.fromkeys(others, _ENDED) if look.is_of_keep else {}
        return self._deletion(name, action, look, times, {look.action: ["Succeeded"], **others_ended})

    def _latest_deletion(
        self, name: str, action: Mapping[str, Any], look: GroupCall, timely: str, others: Sequence[str]
    ) -> Deletion | None:
        """None where it cannot be read, with the reason among the faults."""
        time = latest_time(action.get("expression"), look, others)
        if time is None:
            self.faults.append(f"'{name}' names no time at which {look.group} goes at the latest")
            return None
        # however the timely one ended: a tag that is no time must not keep a group
        after = {timely: _ENDED}
        if look.is_of_keep:
            after = {look.action: ["Succeeded"], timely: ["Succeeded", "Failed", "TimedOut"]}
        return self._deletion(name, action, look, (time,), after)

    def _deletion(
        self,
        name: str,
        action: Mapping[str, Any],
        look: GroupCall,
        times: Sequence[str],
        after: Mapping[str, Sequence[str]],
    ) -> Deletion | None:
        """The If `name` with one DELETE of the group that was looked at."""
        if action.get("runAfter") != after:
            self.faults.append(f"'{name}' runs not just after {after}")
        self._check_settings(name, action, _IF_KEYS, {})
        inner = _mapping(action.get("actions"))
        if len(inner) != 1:
            self.faults.append(f"'{name}' has {len(inner)} actions and not one")
        deletion = None
        for own, body in inner.items():
            call = self._call(own, _mapping(body))
            if call and (call.method, call.group) != ("DELETE", look.group):
                self.faults.append(f"'{own}' sends {call.method} to {call.group} after a look at {look.group}")
            elif call:
                self._check_settings(own, _mapping(body), _CALL_KEYS, _DELETION_SETTINGS)
                deletion = Deletion(name, call, tuple(map(unix_time, times)))
        return deletion

    def _call(self, name: str, action: Mapping[str, Any]) -> GroupCall | None:
        if action.get("type") != "Http":
            self.faults.append(f"'{name}' is an action of type '{action.get('type')}'")
            return None
        inputs = _mapping(action.get("inputs"))
        method, signed = inputs.get("method"), dict(_mapping(inputs.get("authentication")))
        if method not in ("GET", "DELETE") or inputs.keys() != _INPUT_KEYS:
            self.faults.append(f"'{name}' sends {method} with {', '.join(sorted(inputs))}")
            return None
        try:
            uri, signer = self._text(inputs["uri"]), self._text(signed.pop("identity", None))
        except ValueError as error:
            self.faults.append(f"'{name}' cannot be read: {error}")
            return None
        found = _URI.fullmatch(uri)
        if found is None or not self._is_of_this_run(found):
            self.faults.append(f"'{name}' calls {inputs['uri']}, which is no group of run '{self._run}'")
            return None
        # as /metadata/endpoints of either has it
        audience = AUDIENCE if found["port"] else f"{found['endpoint']}/"
        expected = {"type": "ManagedServiceIdentity", "audience": audience}
        is_accepted = self._arm_port is None
        if signed != expected or not (is_accepted or signer.lower() in self._identities):
            self.faults.append(f"'{name}' is not signed for ARM by an identity of the workflow")
            return None
        return GroupCall(name, method, uri, found["group"], signer)

    def _is_of_this_run(self, uri: re.Match[str]) -> bool:
        if uri["subscription"].lower() != self._subscription:
            return False
        if self._arm_port is None:
            return True
        if not self._run or (uri["port"] and int(uri["port"]) != self._arm_port):
            return False
        return bool(re.fullmatch(rf"tfinfra-{re.escape(self._run)}-(keep|compute(-\d+)?)", uri["group"]))

    def _text(self, template: Any) -> str:
        """A text with the workflow's parameters put in, which is all that a timer calculates outside its conditions.
        Raises ValueError (learn.microsoft.com/azure/logic-apps/expression-functions-reference)."""

        def value(expression: str) -> str:
            found = _PARAMETER.fullmatch(expression)
            if found is None:
                raise ValueError(f"there is no function '{expression.partition('(')[0].strip()}' here")
            name = found[1].replace("''", "'")
            if name not in self._values:
                raise ValueError(f"there is no parameter '{name}'")
            return str(self._values[name])

        text = str(template)
        if text.startswith("@") and not text.startswith("@{"):
            return value(text[1:])
        return _EMBEDDED.sub(lambda found: value(found[1]), text)

    def _check_settings(self, name: str, action: Mapping[str, Any], own: set[str], expected: Mapping[str, Any]) -> None:
        """What an action has beside its `own` members; an empty one says nothing."""
        settings = {key: value for key, value in action.items() if key not in own and value != {}}
        if settings != expected:
            self.faults.append(f"'{name}' has the settings {settings} and not {expected}")


def _mapping(value: Any) -> Mapping[str, Any]:
    """A definition is any JSON: what should be an object and is none has nothing in it."""
    return value if isinstance(value, dict) else {}
