"""What the expressions of a parameter space mean."""

from __future__ import annotations

import math
import random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfinfra.model.tuning import EXPRESSIONS, Expression, Scalar
from tfinfra.tuning.expressions import described, draw, fault, values

EACH = {
    "choice": Expression("choice", (32, 64, "all", True)),
    "randint": Expression("randint", (8,)),
    "uniform": Expression("uniform", (0.05, 0.1)),
    "quniform": Expression("quniform", (32, 256, 32)),
    "loguniform": Expression("loguniform", (-9.2, -2.3)),
    "qloguniform": Expression("qloguniform", (1, 3, 2)),
    "normal": Expression("normal", (10, 3)),
    "qnormal": Expression("qnormal", (10, 3, 1)),
    "lognormal": Expression("lognormal", (0, 0.5)),
    "qlognormal": Expression("qlognormal", (2, 0.5, 5)),
}


def drawn(expression: Expression, count: int = 2000) -> list[Scalar]:
    chance = random.Random("a seed").random
    return [draw(expression, chance) for _ in range(count)]


def floats(expression: Expression) -> list[float]:
    return [float(value) for value in drawn(expression)]


def test_every_kind_is_here() -> None:
    assert EACH.keys() == EXPRESSIONS.keys()
    assert [fault(each) for each in EACH.values()] == [None] * len(EACH)


def test_a_finite_expression_takes_each_of_its_values_and_no_other() -> None:
    for kind in ("choice", "randint", "quniform", "qloguniform"):
        found = values(EACH[kind])
        assert found is not None
        assert {repr(value) for value in drawn(EACH[kind])} == {repr(value) for value in found}
    assert values(EACH["quniform"]) == (32, 64, 96, 128, 160, 192, 224, 256)
    assert values(EACH["randint"]) == (0, 1, 2, 3, 4, 5, 6, 7)
    assert values(EACH["normal"]) is None


def test_the_spread_is_that_of_the_name() -> None:
    assert all(0.05 <= value < 0.1 for value in floats(EACH["uniform"]))
    assert all(math.exp(-9.2) <= value < math.exp(-2.3) for value in floats(EACH["loguniform"]))
    assert fmean(map(math.log, floats(EACH["loguniform"]))) == pytest.approx(-5.75, abs=0.2)
    assert fmean(floats(EACH["normal"])) == pytest.approx(10, abs=0.3)
    assert fmean((value - 10) ** 2 for value in floats(EACH["normal"])) == pytest.approx(9, rel=0.15)
    assert fmean(map(math.log, floats(EACH["lognormal"]))) == pytest.approx(0, abs=0.05)
    assert all(isinstance(value, int) for value in drawn(EACH["qnormal"]))
    assert all(float(value) % 5 == 0 for value in drawn(EACH["qlognormal"]))


def test_a_step_that_is_no_integer_gives_fractions() -> None:
    assert values(Expression("quniform", (0, 1, 0.25))) == (0.0, 0.25, 0.5, 0.75, 1.0)


def test_a_seed_gives_the_same_values_on_every_machine() -> None:
    chance = random.Random("7/3/0/--lr").random
    assert draw(EACH["uniform"], chance) == pytest.approx(0.07832288549661859, abs=1e-15)


@given(st.sampled_from(list(EACH.values())), st.floats(0, 1, exclude_max=True))
def test_every_chance_gives_a_value(expression: Expression, chance: float) -> None:
    value = draw(expression, lambda: chance)
    assert isinstance(value, str) or math.isfinite(value)


SHOWN = {
    "one of 32, 64, all, True": EACH["choice"],
    "a whole number from 0 to 7": EACH["randint"],
    "0.05 … 0.1": EACH["uniform"],
    "32 … 256 in steps of 32": EACH["quniform"],
    "0.0001 … 0.1 (logarithmic)": EACH["loguniform"],
    "around 10, standard deviation 3": EACH["normal"],
    "around 7.389, standard deviation of the logarithm 0.5 in steps of 5": EACH["qlognormal"],
}


@pytest.mark.parametrize(("words", "expression"), SHOWN.items())
def test_what_comes_out_is_said(words: str, expression: Expression) -> None:
    assert described(expression) == words


FAULTS = {
    "choice needs at least one value": Expression("choice", ()),
    "choice has the value nan, which is out of range": Expression("choice", (math.nan,)),
    "choice has a value that no command line takes": Expression("choice", ("a\0b",)),
    "uniform takes min_value, max_value; it has 1 of these 2": Expression("uniform", (1,)),
    "uniform takes numbers; its max_value is '2'": Expression("uniform", (1, "2")),
    "uniform takes numbers; its max_value is inf": Expression("uniform", (1, math.inf)),
    "uniform needs a min_value below its max_value; they are 2 and 1": Expression("uniform", (2, 1)),
    "quniform needs a q above 0; it is 0": Expression("quniform", (1, 2, 0)),
    "normal needs a sigma of 0 or more; it is -1": Expression("normal", (0, -1)),
    "randint needs a whole number above 0; its upper is 0": Expression("randint", (0,)),
    "randint needs a whole number above 0; its upper is 1.5": Expression("randint", (1.5,)),
    "loguniform takes logarithms of its bounds, and exp(256) is out of range; did you mean log of 256?": Expression(
        "loguniform", (32, 256)
    ),
}


@pytest.mark.parametrize(("words", "expression"), FAULTS.items())
def test_what_hyperdrive_refuses_is_refused(words: str, expression: Expression) -> None:
    assert fault(expression) == words
