"""When a trial ends early, by HyperDrive's names and with its arguments in its order."""

from __future__ import annotations

from tfinfra.api.plain import kind_of
from tfinfra.api.successor import Successor
from tfinfra.api.told import told
from tfinfra.errors import UsageError
from tfinfra.model.tuning import Policy
from tfinfra.tuning.policies import fault


class EarlyTerminationPolicy(Successor):
    """What the policies have in common. `policy` is the value that a tune has, None for none. Raises UsageError where
    the arguments make none."""

    policy: Policy | None

    @property
    def evaluation_interval(self) -> int:
        """At each how many loggings of the primary metric it looks at a trial."""
        return self.policy.evaluation_interval if self.policy else 1

    @property
    def delay_evaluation(self) -> int:
        """From which logging on."""
        return self.policy.delay_evaluation if self.policy else 0


class BanditPolicy(EarlyTerminationPolicy):
    """Ends a trial that is further from the best than a slack: a ratio, or an amount in the metric's unit."""

    def __init__(
        self,
        evaluation_interval: int = 1,
        slack_factor: float | None = None,
        slack_amount: float | None = None,
        delay_evaluation: int = 0,
    ) -> None:
        self.policy = _made(
            Policy("bandit", evaluation_interval, delay_evaluation, slack_factor, slack_amount), "BanditPolicy"
        )

    @property
    def slack_factor(self) -> float | None:
        """The slack as a ratio."""
        return self.policy.slack_factor if self.policy else None

    @property
    def slack_amount(self) -> float | None:
        """The slack in the metric's unit."""
        return self.policy.slack_amount if self.policy else None


class MedianStoppingPolicy(EarlyTerminationPolicy):
    """Ends a trial whose best is worse than the median of all trials' running averages."""

    def __init__(self, evaluation_interval: int = 1, delay_evaluation: int = 0) -> None:
        self.policy = _made(Policy("median_stopping", evaluation_interval, delay_evaluation), "MedianStoppingPolicy")


class TruncationSelectionPolicy(EarlyTerminationPolicy):
    """Ends the lowest share of the trials at each interval: `truncation_percentage` is 1 to 99."""

    def __init__(self, truncation_percentage: int, evaluation_interval: int = 1, delay_evaluation: int = 0) -> None:
        policy = Policy(
            "truncation_selection", evaluation_interval, delay_evaluation, None, None, truncation_percentage
        )
        self.policy = _made(policy, "TruncationSelectionPolicy")

    @property
    def truncation_percentage(self) -> int | None:
        """The share in a hundred."""
        return self.policy.truncation_percentage if self.policy else None


class NoTerminationPolicy(EarlyTerminationPolicy):
    """Lets each trial train to its end: as no policy."""

    policy = None


def _made(policy: Policy, name: str) -> Policy:
    for argument in ("evaluation_interval", "delay_evaluation", "truncation_percentage"):
        _require_number(argument, getattr(policy, argument), int, "a whole number")
    for argument in ("slack_factor", "slack_amount"):
        _require_number(argument, getattr(policy, argument), (int, float), "a number")
    if wrong := fault(policy):
        raise told(UsageError(f"{name} {wrong}"))
    return policy


def _require_number(argument: str, value: object, kind: type | tuple[type, ...], words: str) -> None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, kind)):
        raise told(UsageError(f"{argument} is {kind_of(value)}, not {words}"))
