"""How an error is written into what outlives this process: a run's record, and what a submitted run leaves without
one."""

from __future__ import annotations

from typing import Any

from tfinfra.errors import Result, TfinfraError
from tfinfra.store.waiting import store_trouble
from tfinfra.text.masking import redact


def recorded_error(error: BaseException) -> dict[str, Any]:
    """{"message", "hint", "exit_code"} without the caller's secrets. The message names everything that speaks against
    the run; of an error that was not written for a user it names the kind."""
    known = error if isinstance(error, TfinfraError) else store_trouble(error)
    if known is not None:
        hint = redact(known.hint) if known.hint else None
        return {"message": redact(known.in_full()), "hint": hint, "exit_code": known.exit_code}
    kind, text = type(error).__name__, str(error)
    message = f"{kind}: {text}" if text else kind
    if isinstance(error, Exception) and not isinstance(error, OSError):
        message = f"tfinfra itself failed: {message}"
    return {"message": redact(message), "hint": None, "exit_code": Result.ERROR.exit_code}
