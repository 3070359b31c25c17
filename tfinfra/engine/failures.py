"""What went wrong in an update, in a line or two of the cloud's own words instead of Pulumi's whole output."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pulumi.automation._cmd import CommandResult

from tfinfra.engine.events import Event
from tfinfra.errors import ProvisioningError

_LONGEST = 400
# azure-native's notation of ARM's answer (provider/pkg/azure/client_azcore.go, PulumiAzcoreResponseError): Pulumi's
# protocol has no place for a provider's error code but its message
_REFUSAL = re.compile(r'Status=(?P<status>\d+)(?: Code="(?P<code>[^"]*)")? Message="(?P<said>.*)"', re.DOTALL)
_TRACEBACK = "Traceback (most recent call last):"


def provisioning_error(
    part: str, ended: CommandResult | None, events: Sequence[Event], plugin: str | None
) -> ProvisioningError:
    """The error of one update. `ended` is the tool's own end; `plugin` says how the provider plugin ended, None while
    it runs."""
    if plugin is not None:
        return ProvisioningError(f"the provider plugin {plugin} while the {part} stack was being updated")
    errors = [event for event in events if event.kind == "error"]
    for event in errors:
        if event.resource_type.startswith("azure-native:"):
            return _refusal(event)
    text = errors[0].message if errors else _own_words(ended)
    return ProvisioningError(f"the {part} stack could not be updated: {_first_lines(text)}")


def _refusal(event: Event) -> ProvisioningError:
    """The error of one resource, with ARM's answer in fields of its own where it was ARM that refused."""
    what = f"{event.resource_type.rsplit(':', 1)[-1]} '{event.name}'"
    found = _REFUSAL.search(event.message)
    if found is None:
        return ProvisioningError(f"{what}: {_first_lines(event.message)}")
    code, said = found["code"] or None, found["said"].strip()
    words = _first_lines(f"{code}: {said}" if code else said)
    return ProvisioningError(f"{what}: {words}", status=int(found["status"]), code=code, said=said)


def _first_lines(message: str) -> str:
    """The first two lines that say something; of a program's own fault, also the place where it was raised."""
    said, _, traceback = message.partition(_TRACEBACK)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    frames = [line.strip() for line in traceback.splitlines() if line.strip().startswith("File ")]
    text = " ".join([*lines[:2], *(f"({frame})" for frame in frames[-1:])])
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _own_words(ended: CommandResult | None) -> str:
    """What the tool printed itself, where no event says more: it was killed, or never got as far as an event."""
    if ended is None:
        return "Pulumi did not start"
    if ended.code < 0:
        return f"Pulumi was ended by signal {-ended.code}"
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else f"Pulumi ended with status {ended.code}"
