"""What an exception of azure-core's says in ARM's own words, whatever shape the answer has: azure-core itself finds no
message in a body whose keys begin with capitals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfinfra.arm.errors import ArmError, read_error

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError

_LONGEST = 600
_MOST = 2


def arm_error(error: AzureError) -> ArmError | None:
    """The error in ARM's answer, None where there was no answer, or none that says anything."""
    response = getattr(error, "response", None)
    try:
        return read_error(response.text()) if response is not None else None
    except (ValueError, AttributeError, TypeError):  # a body that is no text, or was never read
        return None


def reason(error: AzureError) -> str:
    """Why, on one line: ARM's sentence, and what its details name as being in the way."""
    told = arm_error(error)
    if told is None or not (told.message or told.code):
        text = getattr(getattr(error, "error", None), "message", None) or error.message or str(error)
        return _one_line(str(text))
    said = told.decisive
    inside = [f"{_short(d.target)}: {d.words}" for d in said.details if d.target and d.message]
    way = f" In the way: {'; '.join(inside[:_MOST])}" if inside else ""
    return _one_line(f"{said.message or said.words}{way}")


def _short(target: str | None) -> str:
    """An ARM id without the subscription and group, in which everything here is."""
    return (target or "").rpartition("/providers/")[2]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
