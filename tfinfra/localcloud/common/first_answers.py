"""The first answers of the instance-metadata endpoint: it learns of a machine's identity after the machine booted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.localcloud.common.arm_refusal import ArmRefusal


@dataclass(frozen=True)
class FirstAnswers:
    """The statuses of the answers to each machine's first requests for a token, 400 for "Identity not found"; and
    the seconds that its first request for scheduled events takes (up to two minutes on Azure)."""

    token_statuses: tuple[int, ...] = (400,)
    events_seconds: float = 0.0


def first_answers(document: Mapping[str, Any]) -> FirstAnswers:
    """From {"token_statuses": [400, 429], "events_seconds": 2}. Raises ArmRefusal (400)."""
    try:
        return FirstAnswers(
            tuple(int(status) for status in document.get("token_statuses", FirstAnswers.token_statuses)),
            float(document.get("events_seconds", FirstAnswers.events_seconds)),
        )
    except (TypeError, ValueError) as error:
        raise ArmRefusal(400, "InvalidRequestContent", str(error)) from error
