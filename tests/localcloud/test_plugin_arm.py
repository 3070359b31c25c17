"""The plugin's patience with an ARM that does not answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfinfra.localcloud.plugin import arm
from tfinfra.localcloud.plugin.arm import Answer, Arm, ArmError

TAKEN = Answer(202, {"azure-asyncoperation": "https://127.0.0.1:1/operations/1"}, {})
GOES_ON = Answer(200, {}, {"status": "Running"})
DONE = Answer(200, {}, {"status": "Succeeded"})


class Played(Arm):
    """Gives these answers, the last one for ever; None is an endpoint that nobody answers at."""

    def __init__(self, *answers: Answer | None) -> None:
        super().__init__("https://127.0.0.1:1", None, Path("token"), {})
        self.answers = list(answers)

    def _try(self, method: str, target: str, body: Any) -> tuple[Answer | None, Exception | None]:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer, None if answer else ConnectionRefusedError("refused")


def test_a_cloud_that_is_away_for_a_moment_in_a_long_operation_is_waited_for() -> None:
    Played(TAKEN, GOES_ON, None, DONE).delete("/g", "1")


def test_a_cloud_that_has_gone_for_good_ends_the_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arm, "_PATIENCE", 0.2)
    with pytest.raises(ArmError, match=r"EndpointUnreachable: https://127.0.0.1:1: refused"):
        Played(TAKEN, GOES_ON, None).delete("/g", "1")
