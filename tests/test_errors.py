"""The one table of how a run ends: result, error and exit code."""

from __future__ import annotations

import json

import pytest

from tfinfra.errors import (
    Cancelled,
    ForeignInside,
    LimitReached,
    ProvisioningError,
    Result,
    TfinfraError,
    TrainingFailed,
    UsageError,
    error_of,
)

ENDS: dict[str, tuple[BaseException | None, Result, int]] = {
    "nothing went wrong": (None, Result.SUCCEEDED, 0),
    "a task failed": (TrainingFailed("boom"), Result.FAILED, 7),
    "Ctrl-C": (Cancelled("Ctrl-C ended the run"), Result.CANCELLED, 8),
    "the deadline": (LimitReached("late"), Result.LIMIT, 9),
    "the cloud": (ProvisioningError("no quota"), Result.ERROR, 1),
    "a fault of tfinfra": (KeyError("x"), Result.ERROR, 1),
}


@pytest.mark.parametrize(("error", "result", "exit_code"), ENDS.values(), ids=ENDS)
def test_an_error_is_a_result(error: BaseException | None, result: Result, exit_code: int) -> None:
    assert Result.of(error) is result
    assert result.exit_code == exit_code
    assert result.error is None or issubclass(result.error, TfinfraError)


def test_a_result_is_its_name_in_text_and_in_json() -> None:
    assert [f"{each}" for each in Result] == ["succeeded", "failed", "cancelled", "limit", "error"]
    assert json.dumps({Result.FAILED: Result.LIMIT}) == '{"failed": "limit"}'
    assert f"{Result.LIMIT:<7}|" == "limit  |"


def test_an_exit_code_is_an_error() -> None:
    assert [error_of(code).exit_code for code in range(13)] == [1, *range(1, 13)]
    assert error_of(2) is UsageError
    assert not issubclass(error_of(10), ForeignInside)
