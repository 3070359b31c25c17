"""The calls in the expressions of templates."""

from __future__ import annotations

from typing import Any

import pytest

from tfinfra.localcloud.arm.strict import expressions

CALLS: dict[str, list[tuple[str, tuple[Any, ...]]]] = {
    "f('a')": [("f", ("a",))],
    "F( 'it''s' , 2 )": [("f", ("it's", 2.0))],
    "f(g('a'), h())": [("f", (None, None)), ("g", ("a",)), ("h", ())],
    "f().x['y'][0].z": [("f", ())],
    "f()[g()]": [("f", ()), ("g", ())],
    "'text'": [],
}


@pytest.mark.parametrize("text", CALLS)
def test_calls(text: str) -> None:
    assert [(call.name, call.arguments) for call in expressions.calls(text)] == CALLS[text]


@pytest.mark.parametrize("text", ["f('a'", "f('a') x", "'a", "f)", "", "'a'.x", "'a'[0]", "f('a' 'b')", "#", "f"])
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        expressions.calls(text)
