"""The space that is searched: its expressions, which sampling takes them, and the flags that they give values to."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.search import is_tuned
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.tuning.keys import TuneKeys
from tfinfra.model.tuning import EXPRESSIONS, SAMPLINGS, Expression
from tfinfra.text.wording import first_few
from tfinfra.tuning.arguments import same_flag
from tfinfra.tuning.expressions import bounds, fault

_SPACE = ("tune", "parameter_space")
_EXAMPLES = {"q": "16", "mu": "0", "sigma": "1", "min_value": "0", "max_value": "1", "upper": "10"}


def expressions_that_cannot_be_drawn(facts: Facts) -> Iterator[Diagnostic]:
    """A wrong number of arguments, bounds in the wrong order, no step, two expressions for one parameter."""
    document = facts.document
    for name, found in _space(facts).items():
        if len(found) != 1:
            message = f"'{name}' has {len(found)} expressions: {first_few([one.kind for one in found], 3)}"
            yield error_at(document, "TFI930", (*_SPACE, name), message, "keep one")
            continue
        expression = found[0]
        if why := fault(expression):
            form = ", ".join(_EXAMPLES.get(each, "…") for each in EXPRESSIONS[expression.kind])
            missing = len(expression.arguments) != len(EXPRESSIONS[expression.kind]) and expression.kind != "choice"
            hint = f"for example {{{expression.kind}: [{form}]}}" if missing else None
            yield error_at(document, "TFI930", (*_SPACE, name, expression.kind), f"'{name}': {why}", hint)


def expressions_of_another_sampling(facts: Facts) -> Iterator[Diagnostic]:
    """A grid takes choices alone, bayesian what has bounds and no logarithm (HyperDrive's own limits)."""
    given = facts.manifest.tune
    if given is None or given.sampling not in SAMPLINGS:
        return
    takes = SAMPLINGS[given.sampling]
    others = [name for name, kinds in SAMPLINGS.items() if name != given.sampling]
    for name, found in _space(facts).items():
        for expression in found:
            if expression.kind in takes:
                continue
            able = next(other for other in others if expression.kind in SAMPLINGS[other])
            message = f"'{name}': {given.sampling} sampling takes {_either(takes)}, not {expression.kind}"
            hint = f"write sampling: {able}, or {_instead(expression, takes)}"
            yield error_at(facts.document, "TFI931", (*_SPACE, name, expression.kind), message, hint)


def _instead(expression: Expression, takes: tuple[str, ...]) -> str:
    """What of the same values this sampling takes."""
    ranged = expression.kind.endswith("uniform") and fault(expression) is None
    if "uniform" not in takes or not ranged:
        return "{choice: [...]}"
    low, high = bounds(expression)
    return f"{{uniform: [{low:.4g}, {high:.4g}]}}"


def bounds_that_are_no_logarithms(facts: Facts) -> Iterator[Diagnostic]:
    """`loguniform: [0.0001, 0.1]` draws from 1 to 1.1: whoever writes it means the bounds themselves."""
    for name, found in _space(facts).items():
        for one in found:
            if one.kind not in ("loguniform", "qloguniform") or fault(one) is not None:
                continue
            low, high = float(one.arguments[0]), float(one.arguments[1])
            if 0 < low < high <= 1:
                least, most = bounds(one)
                message = f"'{name}': {one.kind} takes logarithms of its bounds, so this is {least:.4g} to {most:.4g}"
                hint = f"write [{math.log(low):.4g}, {math.log(high):.4g}] for {low:g} to {high:g}"
                yield error_at(
                    facts.document, "TFI932", (*_SPACE, name, one.kind), message, hint, severity=Severity.WARNING
                )


def parameters_that_are_given_twice(facts: Facts) -> Iterator[Diagnostic]:
    """One flag under two names; and a flag of script_params, which gives way, as in HyperDrive."""
    manifest, document, seen = facts.manifest, facts.document, list[str]()
    for name in _space(facts):
        if other := next((one for one in seen if same_flag(one, name)), None):
            message = f"'{name}' is the same flag as '{other}'{document.line((*_SPACE, other))}"
            yield error_at(document, "TFI933", (*_SPACE, name), message, "keep one", at="key")
        seen.append(name)
    for flag in manifest.script_params:
        if is_tuned(manifest, flag):
            name = next(one for one in seen if same_flag(one, flag))
            message = f"the search gives {flag} its values{document.line((*_SPACE, name))}: this one is not used"
            yield error_at(document, "TFI934", ("script_params", flag), message, at="key", severity=Severity.NOTICE)


def _space(facts: Facts) -> dict[str, tuple[Expression, ...]]:
    given: TuneKeys | None = facts.manifest.tune
    return dict(given.parameter_space) if given else {}


def _either(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else f"{words[0]} alone"


RULES: tuple[Rule, ...] = (
    expressions_that_cannot_be_drawn,
    expressions_of_another_sampling,
    bounds_that_are_no_logarithms,
    parameters_that_are_given_twice,
)
