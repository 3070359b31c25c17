"""The Cerberus rules of the key `tune`, and their meaning. Which words go together say the rules of
compiler/rules/tuning/."""

from __future__ import annotations

from tfinfra.manifest.described import Rules, count, described
from tfinfra.model import tuning

METRIC = r"[^\x00-\x1f\x7f]{1,250}"
SAMPLING = r"([rR]andom|[gG]rid|[bB]ayesian)(ParameterSampling)?"
POLICY = (
    r"bandit|median_stopping|truncation_selection|no_termination"
    r"|(Bandit|MedianStopping|TruncationSelection|NoTermination)Policy"
)
PARAMETER = r"-{0,2}[A-Za-z_][A-Za-z0-9_.-]*"
"""A flag as a tune varies it."""
RUN = r"[a-z][a-z0-9-]*"
"""What a folder in ./runs may be called, and a run is."""

FORMS = {
    METRIC: "the name of a metric, 250 characters at most",
    SAMPLING: "random, grid or bayesian",
    POLICY: "{bandit: {slack_factor: 0.1}}, median_stopping, or {truncation_selection: {truncation_percentage: 20}}",
    PARAMETER: "a flag of the script: --learning-rate",
    RUN: "a run's id, as `tfinfra runs` shows it",
}
_MOST_MINUTES = 365 * 24 * 60


def _numbers(kind: str, meaning: str) -> Rules:
    arguments = ", ".join(tuning.EXPRESSIONS[kind])
    return described("list", f"[{arguments}]: {meaning}", nullable=False, minlength=1, schema={"type": "number"})


EXPRESSIONS: dict[str, Rules] = {
    "choice": described("list", "[a, b, …]: one of these", nullable=False, minlength=1, schema={"type": "value"}),
    "randint": described(
        ["integer", "list"],
        "[upper]: a whole number from 0, below upper",
        nullable=False,
        min=1,
        max=2**53,
        minlength=1,
        schema={"type": "integer", "min": 1, "max": 2**53},
    ),
    "uniform": _numbers("uniform", "any number between"),
    "quniform": _numbers("quniform", "a multiple of q between"),
    "loguniform": _numbers("loguniform", "exp of a number between: its logarithm is uniform"),
    "qloguniform": _numbers("qloguniform", "a multiple of q near exp of a number between"),
    "normal": _numbers("normal", "normally distributed around mu"),
    "qnormal": _numbers("qnormal", "a multiple of q, normally distributed around mu"),
    "lognormal": _numbers("lognormal", "exp of a number that is normally distributed around mu"),
    "qlognormal": _numbers("qlognormal", "a multiple of q near exp of a number that is normally distributed"),
}

_OF_ANY_POLICY = {
    "evaluation_interval": {**count("each how many loggings of the metric it looks at a trial"), "nullable": True},
    "delay_evaluation": {**count("after how many loggings it does so first", least=0), "nullable": True},
}


def _slack(meaning: str) -> Rules:
    return described("number", meaning, nullable=True, min=0, max=1_000_000_000)


POLICIES: dict[str, Rules] = {
    "bandit": described(
        "dict",
        "ends a trial that is behind the best by more than a slack",
        nullable=True,
        schema={
            "slack_factor": _slack("the slack as a share of the trial's own best"),
            "slack_amount": _slack("the slack in the metric's own unit"),
            **_OF_ANY_POLICY,
        },
    ),
    "median_stopping": described(
        "dict",
        "ends a trial whose best is worse than the median of all trials' running averages",
        nullable=True,
        schema={**_OF_ANY_POLICY},
    ),
    "truncation_selection": described(
        "dict",
        "ends the worst part of the trials at each interval",
        nullable=True,
        schema={
            "truncation_percentage": {
                **count("how many in a hundred", most=99),
                "nullable": True,
            },
            **_OF_ANY_POLICY,
        },
    ),
}

TUNE: dict[str, Rules] = {
    "sampling": described(
        "text", "how sets of parameters are chosen: random, grid or bayesian", required=True, text_regex=SAMPLING
    ),
    "parameter_space": described(
        "dict",
        "what is varied: each flag of the script with how its values are drawn",
        required=True,
        minlength=1,
        keysrules={"type": "string", "text_regex": PARAMETER},
        valuesrules={"type": "dict", "minlength": 1, "schema": EXPRESSIONS},
    ),
    "primary_metric_name": described(
        "text", "the metric that decides, as the script logs it", required=True, text_regex=METRIC
    ),
    "primary_metric_goal": described("string", "whether more of it is better", required=True, allowed=[*tuning.GOALS]),
    "max_total_runs": {**count("how many trials at most", most=10_000), "required": True},
    "max_concurrent_runs": count("how many of them at a time, each on node_count nodes; all where absent", most=1000),
    "max_duration_minutes": count("everything is deleted after this long", most=_MOST_MINUTES),
    "policy": described(
        ["string", "dict"],
        "which trials end early: bandit, median_stopping or truncation_selection",
        nullable=True,
        text_regex=POLICY,
        minlength=1,
        schema=POLICIES,
    ),
    "resume_from": described(
        "list",
        "earlier tunes, by the ids of their runs, whose trials this one learns from",
        nullable=True,
        schema={"type": "text", "text_regex": RUN},
    ),
    "seed": count("what all draws follow from", least=0, most=2**53),
}
