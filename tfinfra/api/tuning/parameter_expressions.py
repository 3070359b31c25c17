"""The expressions of a parameter space, by HyperDrive's names and with its arguments. Each raises UsageError where its
arguments make none."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from tfinfra.api.plain import kind_of
from tfinfra.api.told import told
from tfinfra.errors import UsageError
from tfinfra.model.tuning import EXPRESSIONS, Expression, Scalar
from tfinfra.tuning.expressions import fault


def choice(*options: Any) -> Expression:
    """One of `options`: choice(32, 64), choice([32, 64]) or choice(range(32, 128, 32))."""
    if len(options) == 1 and isinstance(options[0], Iterable) and not isinstance(options[0], (str, bytes)):
        options = tuple(options[0])
    return _expression("choice", options)


def randint(upper: int) -> Expression:
    """A whole number from 0, below `upper`."""
    return _expression("randint", (upper,))


def uniform(min_value: float, max_value: float) -> Expression:
    """Any number between."""
    return _expression("uniform", (min_value, max_value))


def quniform(min_value: float, max_value: float, q: float) -> Expression:
    """round(uniform(min_value, max_value) / q) * q"""
    return _expression("quniform", (min_value, max_value, q))


def loguniform(min_value: float, max_value: float) -> Expression:
    """exp(uniform(min_value, max_value)): the bounds are logarithms."""
    return _expression("loguniform", (min_value, max_value))


def qloguniform(min_value: float, max_value: float, q: float) -> Expression:
    """round(exp(uniform(min_value, max_value)) / q) * q"""
    return _expression("qloguniform", (min_value, max_value, q))


def normal(mu: float, sigma: float) -> Expression:
    """Normally distributed around `mu`."""
    return _expression("normal", (mu, sigma))


def qnormal(mu: float, sigma: float, q: float) -> Expression:
    """round(normal(mu, sigma) / q) * q"""
    return _expression("qnormal", (mu, sigma, q))


def lognormal(mu: float, sigma: float) -> Expression:
    """exp(normal(mu, sigma))"""
    return _expression("lognormal", (mu, sigma))


def qlognormal(mu: float, sigma: float, q: float) -> Expression:
    """round(exp(normal(mu, sigma)) / q) * q"""
    return _expression("qlognormal", (mu, sigma, q))


def _expression(kind: str, arguments: tuple[Any, ...]) -> Expression:
    names = EXPRESSIONS[kind] if kind != "choice" else ("a value",) * len(arguments)
    found = Expression(kind, tuple(_plain(kind, name, each) for name, each in zip(names, arguments, strict=True)))
    if wrong := fault(found):
        raise told(UsageError(wrong, hint=f"write {kind}({', '.join(EXPRESSIONS[kind])})"))
    return found


def _plain(kind: str, name: str, value: Any) -> Scalar:
    """Text, or a number as Python has it: NumPy's print otherwise."""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(str(value))  # as it prints: 0.1 of 32 bits is not 0.10000000149011612
    raise told(UsageError(f"{name} of {kind} is {kind_of(value)}, not text or a number", hint="write choice(32, 64)"))
