"""Which workflows the local cloud takes: those that look at their own run's groups and delete each whose tag says that
it has expired. A rehearsal of anything else would prove nothing, so it is refused when it is made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tfinfra.clock import unix_time
from tfinfra.localcloud import expressions, ids
from tfinfra.localcloud.arm_error import ArmError
from tfinfra.localcloud.state import Resource

ARM_HOST = "management.azure.com"
RUN_TAG, EXPIRES_TAG = "tfinfra-run", "tfinfra-expires-at"
FREQUENCIES = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_INPUTS = {"method", "uri", "authentication"}


@dataclass(frozen=True)
class Call:
    """One Http action: what it asks of which group, by its name."""

    action: str
    method: str
    group: str


def check(workflow: Resource) -> None:
    """Raises ArmError (400) with everything that is wrong with the workflow's definition."""
    found = list(_Checker(workflow).findings())
    if found:
        raise ArmError(400, "InvalidTemplate", f"The local cloud runs no such workflow: {'; '.join(found)}.")


class _Checker:
    def __init__(self, workflow: Resource) -> None:
        self._definition: dict[str, Any] = workflow.properties.get("definition") or {}
        given = workflow.properties.get("parameters") or {}
        values = {name: parameter.get("value") for name, parameter in given.items()}
        self._functions = {"parameters": values.__getitem__}
        named = (workflow.body.get("identity") or {}).get("userAssignedIdentities") or {}
        self._identities = {name.lower() for name in named}
        self._run = workflow.tags.get(RUN_TAG)
        self._subscription = workflow.id.split("/")[2].lower()

    def findings(self) -> Iterator[str]:
        yield from self._triggers(self._definition.get("triggers") or {})
        looks: dict[str, Call] = {}
        for name, action in (self._definition.get("actions") or {}).items():
            kind = str(action.get("type")).lower()
            if kind == "http":
                yield from self._look(name, action, looks)
            elif kind != "if":
                yield f"'{name}' is an action of type '{action.get('type')}'"
        for name, action in (self._definition.get("actions") or {}).items():
            if str(action.get("type")).lower() == "if":
                yield from self._deletion(name, action, looks)

    def _triggers(self, triggers: dict[str, Any]) -> Iterator[str]:
        if len(triggers) != 1:
            yield f"it has {len(triggers)} triggers and not one recurrence"
        for name, trigger in triggers.items():
            recurrence = trigger.get("recurrence") or {}
            known = str(recurrence.get("frequency")).lower() in FREQUENCIES and recurrence.get("interval")
            if str(trigger.get("type")).lower() != "recurrence" or not known:
                yield f"its trigger '{name}' is no recurrence"

    def _look(self, name: str, action: dict[str, Any], looks: dict[str, Call]) -> Iterator[str]:
        call, problem = self._call(name, action)
        if call is None or problem:
            yield problem
        elif call.method != "GET":
            yield f"'{name}' sends {call.method} without having looked whether the group has expired"
        else:
            looks[name] = call

    def _deletion(self, name: str, action: dict[str, Any], looks: dict[str, Call]) -> Iterator[str]:
        """An If after a look, on the tag that it found, with one DELETE of the same group."""
        before = [looks[look] for look in action.get("runAfter") or {} if look in looks]
        if len(before) != 1 or not self._asks_for_the_expiry(action.get("expression"), before[0]):
            yield f"'{name}' does not ask whether {EXPIRES_TAG} of a group that it looked at has passed"
            return
        if (action.get("else") or {}).get("actions"):
            yield f"'{name}' does something else otherwise"
        for inner, body in (action.get("actions") or {}).items():
            call, problem = self._call(inner, body)
            if call is None or problem:
                yield problem
            elif (call.method, call.group) != ("DELETE", before[0].group):
                yield f"'{inner}' sends {call.method} to {call.group} after a look at {before[0].group}"

    def _asks_for_the_expiry(self, expression: Any, look: Call) -> bool:
        """Whether it is true of a group whose time has passed and of no other: it is tried with one of each kind."""
        tagged = ("2001-01-01T00:00:00Z", "2003-01-01T00:00:00Z", None)
        return [self._holds(expression, look, time) for time in tagged] == [True, False, False]

    def _holds(self, expression: Any, look: Call, expires: str | None) -> bool:
        """Whether it is true in 2002 of a group that is tagged so, False where it cannot be told."""
        found = {look.action: {"tags": {EXPIRES_TAG: expires} if expires else {}}}
        functions = {**self._functions, **expressions.at(unix_time("2002-01-01T00:00:00Z")), "body": found.__getitem__}
        try:
            return expressions.holds(expression, functions)
        except (ValueError, KeyError, TypeError):
            return False

    def _call(self, name: str, action: dict[str, Any]) -> tuple[Call | None, str]:
        """The call that an action makes, and what is wrong with it ("" where nothing is)."""
        if str(action.get("type")).lower() != "http":
            return None, f"'{name}' is an action of type '{action.get('type')}'"
        inputs: dict[str, Any] = action.get("inputs") or {}
        method = str(inputs.get("method")).upper()
        if method not in ("GET", "DELETE") or set(inputs) - _INPUTS:
            return None, f"'{name}' sends {method} with {', '.join(sorted(inputs))}"
        try:
            group = self._group(str(expressions.value(inputs.get("uri"), self._functions)))
            signer = str(expressions.value((inputs.get("authentication") or {}).get("identity"), self._functions))
        except (ValueError, KeyError, TypeError) as error:
            return None, f"'{name}' cannot be read: {error}"
        if group is None:
            return None, f"'{name}' calls {inputs.get('uri')}, which is no group of run '{self._run}'"
        if not self._is_signed(inputs.get("authentication") or {}, signer):
            return None, f"'{name}' is not signed for ARM by an identity of the workflow"
        return Call(name, method, group), ""

    def _group(self, uri: str) -> str | None:
        """The group of this workflow's run that `uri` names, None for anything else."""
        url = urlsplit(uri)
        address = ids.parse(url.path)
        own = self._run and re.fullmatch(rf"tfinfra-{re.escape(self._run)}-(keep|compute(-\d+)?)", address.name)
        here = address.type == ids.GROUP_TYPE and address.path.split("/")[2].lower() == self._subscription
        queried = url.query.startswith("api-version=") and "&" not in url.query
        return address.name if own and here and queried and (url.scheme, url.netloc) == ("https", ARM_HOST) else None

    def _is_signed(self, authentication: dict[str, Any], signer: str) -> bool:
        audience = str(authentication.get("audience")).rstrip("/")
        kind = authentication.get("type")
        return (
            kind == "ManagedServiceIdentity"
            and audience == f"https://{ARM_HOST}"
            and signer.lower() in self._identities
        )
