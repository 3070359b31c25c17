"""What went wrong in an update, in a line or two of the cloud's own words instead of Pulumi's whole output. Pulumi's
protocol has no place for a provider's error code but its message: notations.py takes it apart."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pulumi.automation._cmd import CommandResult

from tfinfra.engine.events import UpdateEvent
from tfinfra.engine.refusals.notations import CloudAnswer, read_answer, without_count
from tfinfra.errors import CredentialsError, ProvisioningError, TfinfraError, full_disk
from tfinfra.text.wording import shortened

_TRACEBACK = "Traceback (most recent call last):"
_OURS = "azure-native:"
_ENTRY, _COUNT = re.compile(r"\d+\) (.*)"), re.compile(r"\d+ errors? occurred:$")
"""How Pulumi ends what it says where several things went wrong (hashicorp/go-multierror); one may be "Unknown"."""
_LONGEST, _LONGEST_SAID = 400, 900


def provisioning_error(
    part: str, ended: CommandResult | None, events: Sequence[UpdateEvent], plugin: str | None
) -> TfinfraError:
    """The error of one update: ProvisioningError, with ARM's answer in fields of its own where it was ARM that refused
    (status 0 where it did not answer); CredentialsError where Entra refused, or ARM the token. `ended` is the tool's
    own end; `plugin` says how the provider plugin ended, None while it runs."""
    if plugin is not None:
        return ProvisioningError(f"the provider plugin {plugin} while the {part} stack was being updated")
    errors = [event for event in events if event.kind == "error"]
    if (full := full_disk("\n".join([*(e.message for e in errors), ended.stderr if ended else ""]))) is not None:
        return ProvisioningError(f"the {part} stack could not be updated: {full}", "free some space on it")
    found = [(event, answer) for event in errors if (answer := read_answer(event.message)) is not None]
    if found:
        event, answer = max(found, key=_weight)
        if answer.of_credentials:
            return CredentialsError(f"{_what(part, event)}: {answer.words}", answer.sign_in)
        message = f"{_what(part, event)}: {shortened(_two_lines(answer.words), _LONGEST_SAID)}"
        return ProvisioningError(message, status=answer.status, code=answer.code, said=answer.said)
    for event in errors:
        if event.resource_type.startswith(_OURS):
            return ProvisioningError(f"{_what(part, event)}: {_first_lines(event.message)}")
    text = errors[0].message if errors else _own_words(ended)
    return ProvisioningError(f"the {part} stack could not be updated: {_first_lines(text)}")


def _weight(found: tuple[UpdateEvent, CloudAnswer]) -> tuple[bool, bool]:
    """Of several resources that failed at once, the first that ARM itself refused says most: the others may only have
    been cut off by that."""
    event, answer = found
    return answer.status > 0 or answer.of_credentials, event.resource_type.startswith(_OURS)


def _what(part: str, event: UpdateEvent) -> str:
    if not event.resource_type.startswith(_OURS):
        return f"the {part} stack could not be updated"
    return f"{event.resource_type.rsplit(':', 1)[-1]} '{event.name}'"


def _first_lines(message: str) -> str:
    """The first two lines that say something; of a program's own fault, also the place where it was raised."""
    said, _, traceback = without_count(message).partition(_TRACEBACK)
    frames = [line.strip() for line in traceback.splitlines() if line.strip().startswith("File ")]
    text = " ".join([_two_lines(said), *(f"({frame})" for frame in frames[-1:])])
    return shortened(text, _LONGEST)


def _two_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:2])


def _own_words(ended: CommandResult | None) -> str:
    """What the tool printed itself, where no event says more: it was killed, or never got as far as an event."""
    if ended is None:
        return "Pulumi did not start"
    if ended.code < 0:
        return f"Pulumi was ended by signal {-ended.code}"
    lines = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
    entries = [found[1] for line in lines if (found := _ENTRY.match(line)) and found[1] != "Unknown"]
    plain = [line for line in lines if not _ENTRY.match(line) and not _COUNT.search(line)]
    return "\n".join(entries) or (plain or [f"Pulumi ended with status {ended.code}"])[-1]
