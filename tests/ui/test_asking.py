"""A form is good once, for the browser that was shown it, and for what it says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfinfra.ui.asking import GOOD_FOR, Question, Questions

STOP = Question("cookie", "digits-abc123", "down")


@pytest.mark.parametrize(
    ("answered", "later", "good"),
    [
        pytest.param(STOP, 0.0, True, id="as it was shown"),
        pytest.param(STOP, GOOD_FOR + 1, None, id="too late"),
        pytest.param(replace(STOP, cookie="other"), 0.0, None, id="by another browser"),
        pytest.param(replace(STOP, run="digits-abc124"), 0.0, None, id="for another run"),
        pytest.param(replace(STOP, verb="extend"), 0.0, None, id="for another verb"),
        pytest.param(replace(STOP, words=("1h",)), 0.0, None, id="with other words"),
    ],
)
def test_a_form_does_what_it_was_shown_for(answered: Question, later: float, good: bool | None) -> None:
    now = [1000.0]
    questions = Questions(lambda: now[0])
    secret = questions.ask(STOP)
    now[0] += later
    assert questions.answer(secret, answered) is good


def test_a_form_that_is_sent_twice_does_it_once() -> None:
    questions = Questions(lambda: 0.0)
    secret = questions.ask(STOP)
    assert [questions.answer(secret, STOP) for _ in range(3)] == [True, False, False]
    assert questions.answer(secret, replace(STOP, run="digits-abc124")) is None
    assert questions.answer("", STOP) is None


def test_forms_that_nobody_sends_are_forgotten() -> None:
    questions = Questions(lambda: 0.0)
    secrets = [questions.ask(STOP) for _ in range(1000)]
    assert (questions.answer(secrets[0], STOP), questions.answer(secrets[-1], STOP)) == (None, True)
