"""How an error is told by what outlives this process: a run's record, and what a submitted run leaves without one."""

from __future__ import annotations

from typing import Any

from tfinfra.errors import TfinfraError
from tfinfra.lifecycle.withheld import redact
from tfinfra.store import store_errors


def told(error: BaseException) -> dict[str, Any]:
    """{"message", "hint", "exit_code"} without the caller's secrets. The message names everything that speaks against
    the run, and an error that was not written for a user by its kind."""
    if isinstance(error, TfinfraError):
        hint = redact(error.hint) if error.hint else None
        return {"message": redact(error.in_full()), "hint": hint, "exit_code": error.exit_code}
    return {"message": redact(_by_kind(error)), "hint": None, "exit_code": 1}


def _by_kind(error: BaseException) -> str:
    kind, text = type(error).__name__, str(error)
    named = f"{kind}: {text}" if text else kind
    outside = not isinstance(error, Exception) or isinstance(error, store_errors())
    return named if outside else f"tfinfra itself failed: {named}"
