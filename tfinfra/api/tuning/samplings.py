"""How sets of parameters are chosen, by HyperDrive's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from tfinfra.api.plain import kind_of, require_dict
from tfinfra.api.successor import Successor
from tfinfra.api.told import told
from tfinfra.errors import UsageError
from tfinfra.model.tuning import SAMPLINGS, Expression


class HyperParameterSampling(Successor):
    """What the three samplings have in common: `parameter_space` is {flag of the script: expression}. `properties` is
    taken, as HyperDrive takes it, and means nothing. Raises UsageError for a space that the sampling does not take."""

    SAMPLING_NAME: ClassVar[str]
    """The manifest's word."""

    def __init__(self, parameter_space: Mapping[str, Expression], properties: Any = None) -> None:
        del properties
        require_dict("parameter_space", parameter_space, "write {'--learning-rate': uniform(0.001, 0.1)}")
        if not parameter_space:
            raise told(UsageError("parameter_space is empty", hint="write {'--batch-size': choice(32, 64)}"))
        for name, expression in parameter_space.items():
            self._check(name, expression)
        self.parameter_space = dict(parameter_space)

    def _check(self, name: object, expression: object) -> None:
        if not isinstance(expression, Expression):
            hint = f"write choice({expression!r}), or leave it to script_params" if _is_plain(expression) else ""
            raise told(
                UsageError(f"{name} is {kind_of(expression)}, not an expression", hint=hint or "write choice(…)")
            )
        if expression.kind not in (taken := SAMPLINGS[self.SAMPLING_NAME]):
            others = [word for word, kinds in SAMPLINGS.items() if expression.kind in kinds]
            raise told(
                UsageError(
                    f"{name} is {expression.kind}, and {self.SAMPLING_NAME} sampling takes {', '.join(taken)} alone",
                    hint=f"write {others[0].capitalize()}ParameterSampling(…), which takes it",
                )
            )

    def __repr__(self) -> str:
        space = ", ".join(f"{name!r}: {e.kind}{e.arguments!r}" for name, e in self.parameter_space.items())
        return f"{type(self).__name__}({{{space}}})"


class RandomParameterSampling(HyperParameterSampling):
    """Each parameter is drawn on its own; no set comes twice."""

    SAMPLING_NAME = "random"


class GridParameterSampling(HyperParameterSampling):
    """Every set of the options of `choice`."""

    SAMPLING_NAME = "grid"


class BayesianParameterSampling(HyperParameterSampling):
    """Guided by the trials that have ended: `choice`, `uniform` and `quniform`. Needs Optuna (`tfinfra[bayesian]`)."""

    SAMPLING_NAME = "bayesian"


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float))
