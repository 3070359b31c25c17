"""The expressions of a workflow's definition."""

from __future__ import annotations

from typing import Any

import pytest

from tfinfra.localcloud.arm.workflows import expressions

VALUES: dict[str, Any] = {
    "plain": "plain",
    "@{f('a')}-@{f('b')}": "A-B",
    "@f('it''s')": "IT'S",
    "@first(f('a'), 2)": "A",
    "@none()?['x']?['y']": None,
    "@first(box()['x'])": 1,
    "@box()?['tfinfra-expires-at']": "t",
}


@pytest.mark.parametrize("template", VALUES)
def test_expressions(template: str) -> None:
    functions: expressions.Functions = {
        "f": str.upper,
        "first": lambda *values: values[0],
        "none": lambda: None,
        "box": lambda: {"x": 1, "tfinfra-expires-at": "t"},
    }
    assert expressions.value(template, functions) == VALUES[template]


@pytest.mark.parametrize("text", ["f('a'", "f('a') x", "'a", "g()", "f)", "", "box()['y']", "#"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        expressions.evaluate(text, {"f": str.upper, "box": dict})
