"""The machines of a run's scale set: how many, of which size and image, with which extensions and addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.baseline import MadeResource
from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.live import questions
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.members import member
from tfinfra.auditing.live.questions import SETS
from tfinfra.auditing.live.wording import shown, unread

_COMMANDS = "microsoft.cplat.core"
"""The publisher of the extension by which a command is run in a machine (learn.microsoft.com/azure/virtual-machines
/linux/run-command)."""
_MONITORS = (
    *("microsoft.azure.monitor", "microsoft.enterprisecloud.monitoring", "microsoft.guestconfiguration"),
    *("microsoft.azure.azuredefenderforservers", "microsoft.azure.security"),
)
"""Publishers of the agents that Azure Policy and Defender put on machines by themselves (learn.microsoft.com/azure
/azure-monitor/agents, /azure/defender-for-cloud)."""


def machines(live: LiveRun) -> Iterator[Finding]:
    """Too many of them, and those that are not as their set says. Fewer are the run's own matter: machines are evicted,
    and die."""
    for made in questions.resources(live.present, SETS):
        question = questions.machines_of(made)
        yield from unread(live, question, made.id, "the machines of the scale set")
        found = [one for one in live.answer(question).values if _is_of(one, made)]
        wanted = member(made.sent, "sku", "capacity")
        if isinstance(wanted, int) and len(found) > wanted:
            text = f"{len(found)} machines are there, and {wanted} were asked for"
            yield Finding("TFA617", Verdict.CHANGED, made.id, text)
        for one in found:
            yield from _machine(one, made)


def _is_of(machine: Mapping[str, Any], made: MadeResource) -> bool:
    """Whether it is the set's: of a group's machines those that say so."""
    of = member(machine, "properties", "virtualMachineScaleSet", "id")
    return not questions.is_flexible(made) or str(of).lower() == made.id.lower()


def _machine(machine: Mapping[str, Any], made: MadeResource) -> Iterator[Finding]:
    name, id_ = machine.get("name"), str(machine.get("id", made.id))
    size = member(machine, "properties", "hardwareProfile", "vmSize") or member(machine, "sku", "name")
    wanted = member(made.sent, "sku", "name")
    if size and wanted and str(size).lower() != str(wanted).lower():
        text = f"the machine {name} has the size {size}, and {wanted} was asked for"
        yield Finding("TFA618", Verdict.CHANGED, id_, text)
    yield from _image(machine, made, id_)
    identities = member(machine, "identity", "userAssignedIdentities")
    given = member(made.sent, "identity", "userAssignedIdentities")
    if isinstance(identities, Mapping) and isinstance(given, Mapping):
        more = {i.lower() for i in identities} - {i.lower() for i in given}
        if more:
            text = f"the machine {name} has identities that its set has not: {', '.join(sorted(more))}"
            yield Finding("TFA621", Verdict.CHANGED, id_, text)


def _image(machine: Mapping[str, Any], made: MadeResource, id_: str) -> Iterator[Finding]:
    place = ("storageProfile", "imageReference")
    image = member(machine, "properties", *place)
    wanted = member(made.sent, "properties", "virtualMachineProfile", *place)
    if not isinstance(image, Mapping) or not isinstance(wanted, Mapping):
        return
    for part in ("id", "publisher", "offer", "sku", "version"):
        was, now = wanted.get(part), image.get(part)
        if was and now and str(was).lower() != str(now).lower() and str(was).lower() != "latest":
            text = f"the machine {machine.get('name')} has the image's {part} {shown(now)}, and {was} was asked for"
            yield Finding("TFA619", Verdict.CHANGED, id_, text)


def extensions(live: LiveRun) -> Iterator[Finding]:
    """What somebody runs on the machines beside the run. The stacks ask for no extension."""
    seen: set[str] = set()
    for made in questions.resources(live.present, SETS):
        owners = [made.id, *_ids(live, made)]
        asked = [(questions.extensions_of(owner), owner, "extensions") for owner in owners]
        asked += [(questions.commands_of(owner), owner, "run-commands") for owner in owners[1:]]
        for question, owner, what in asked:
            yield from unread(live, question, owner, f"the {what} of {owner.rpartition('/')[2]}")
            for document in live.answer(question).values:
                yield from _once(seen, _extension(document, what, owner))
    for group in live.present:
        for entry in live.answer(questions.contents_of(live.subscription, group)).values:
            kind = str(entry.get("type", "")).lower()
            if kind.endswith(("/extensions", "/runcommands")):
                what = "run-commands" if kind.endswith("/runcommands") else "extensions"
                yield from _once(seen, _extension(entry, what, group))


def _ids(live: LiveRun, made: MadeResource) -> list[str]:
    found = live.answer(questions.machines_of(made)).values
    return [str(one["id"]) for one in found if one.get("id") and _is_of(one, made)]


def _once(seen: set[str], drift: Finding) -> Iterator[Finding]:
    if drift.subject.lower() not in seen:
        seen.add(drift.subject.lower())
        yield drift


def _extension(document: Mapping[str, Any], what: str, owner: str) -> Finding:
    publisher = str(member(document, "properties", "publisher") or "")
    name, id_ = document.get("name"), str(document.get("id", owner))
    machine = owner.rpartition("/")[2]
    if what == "run-commands" or publisher.lower() == _COMMANDS:
        return Finding("TFA616", Verdict.FOREIGN, id_, f"somebody runs the command '{name}' on {machine}")
    by = f" of {publisher}" if publisher else ""
    if publisher.lower().startswith(_MONITORS):
        return Finding("TFA615", Verdict.FOREIGN, id_, f"the agent '{name}'{by} was put on {machine}")
    return Finding("TFA614", Verdict.FOREIGN, id_, f"the extension '{name}'{by} was put on {machine}")


def addresses(live: LiveRun) -> Iterator[Finding]:
    """No machine of a run has a public address."""
    for made in questions.resources(live.present, SETS):
        question = questions.interfaces_of(made)
        yield from unread(live, question, made.id, "the network interfaces of the machines")
        for interface in live.answer(question).values:
            configurations = member(interface, "properties", "ipConfigurations")
            for one in configurations if isinstance(configurations, list) else ():
                address = member(one, "properties", "publicIPAddress", "id")
                if address:
                    text = f"the interface {interface.get('name')} has the public address {address}"
                    yield Finding("TFA613", Verdict.CHANGED, str(interface.get("id", made.id)), text)


CHECKS = (machines, extensions, addresses)
