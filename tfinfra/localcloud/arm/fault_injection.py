"""Faults on request: the n-th call that matches answers with an error, late, or not at all though it took effect."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tfinfra.localcloud.common.arm_refusal import ArmRefusal

KINDS = ("status", "lag", "lost")
_CODES = {429: "TooManyRequests", 409: "Conflict", 500: "InternalServerError", 503: "ServiceUnavailable"}


@dataclass
class InjectedFault:
    """Strikes from the `nth` matching call on, `count` times. `method` "" and `path` "" match everything; `path` is a
    part of the request's path, without case. "status" answers `status` before any effect, "lag" waits `seconds`, "lost"
    closes the connection after the effect."""

    kind: str
    method: str = ""
    path: str = ""
    nth: int = 1
    count: int = 1
    status: int = 500
    code: str = ""
    message: str = "injected"
    retry_after: int | None = None
    seconds: float = 0.0
    seen: int = 0

    def strikes(self, method: str, path: str) -> bool:
        """Counts a call; whether this one is struck."""
        if self.method.upper() not in ("", method) or self.path.lower() not in path.lower():
            return False
        self.seen += 1
        return self.nth <= self.seen < self.nth + self.count

    def error(self) -> ArmRefusal:
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return ArmRefusal(self.status, self.code or _CODES.get(self.status, "Injected"), self.message, headers)


class Faults:
    def __init__(self) -> None:
        self._faults: list[InjectedFault] = []

    def add(self, document: dict[str, Any]) -> None:
        """Raises ArmRefusal (400) where the document is no fault."""
        try:
            fault = InjectedFault(**document)
        except TypeError as error:
            raise ArmRefusal(400, "InvalidRequestContent", str(error)) from error
        if fault.kind not in KINDS:
            raise ArmRefusal(400, "InvalidParameter", f"kind must be one of {', '.join(KINDS)}")
        self._faults.append(fault)

    def clear(self) -> None:
        self._faults.clear()

    def documents(self) -> list[dict[str, Any]]:
        return [asdict(f) for f in self._faults]

    def striking(self, method: str, path: str) -> list[InjectedFault]:
        return [f for f in self._faults if f.strikes(method, path)]
