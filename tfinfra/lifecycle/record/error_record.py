"""How an error is told by what outlives this process: a run's record, and what a submitted run leaves without one."""

from __future__ import annotations

from typing import Any

from tfinfra.errors import TfinfraError
from tfinfra.store.waiting import store_trouble
from tfinfra.text.masking import redact


def recorded_error(error: BaseException) -> dict[str, Any]:
    """{"message", "hint", "exit_code"} without the caller's secrets. The message names everything that speaks against
    the run, and an error that was not written for a user by its kind."""
    known = error if isinstance(error, TfinfraError) else store_trouble(error)
    if known is not None:
        hint = redact(known.hint) if known.hint else None
        return {"message": redact(known.in_full()), "hint": hint, "exit_code": known.exit_code}
    return {"message": redact(_by_kind(error)), "hint": None, "exit_code": 1}


def _by_kind(error: BaseException) -> str:
    kind, text = type(error).__name__, str(error)
    named = f"{kind}: {text}" if text else kind
    outside = not isinstance(error, Exception) or isinstance(error, OSError)
    return named if outside else f"tfinfra itself failed: {named}"
