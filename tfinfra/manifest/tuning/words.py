"""What other tools call the keys within `tune`: Azure ML's sweeps, Katib, Vertex AI, SageMaker, Weights & Biases, Ray
Tune, Optuna, Determined."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfinfra.manifest.document import KeyPath
from tfinfra.manifest.tuning.schema import POLICIES
from tfinfra.model.tuning import EXPRESSIONS

_KEYS = {
    "sampling": "sampling_algorithm algorithm method sampler strategy search_algorithm searcher search_alg"
    " hyperparameter_sampling hyperparameter_sampling_algorithm suggestion parameter_sampling",
    "parameter_space": "search_space space params parameters hyperparameters param_space parameter_ranges"
    " param_grid distributions config hyperparameter_ranges parameter_specs hyperparameter_space",
    "primary_metric_name": "metric primary_metric objective_metric_name metric_name objective monitor metric_id"
    " objective_name target_metric",
    "primary_metric_goal": "goal direction mode optimize objective_type smaller_is_better metric_goal",
    "max_total_runs": "max_total_trials max_trials num_trials trials n_trials max_trial_count num_samples run_cap"
    " max_runs total_runs max_jobs max_number_of_training_jobs max_evals iterations",
    "max_concurrent_runs": "max_concurrent_trials parallel_trial_count parallel_trials max_parallel_trials concurrency"
    " n_jobs max_parallel_jobs max_number_of_parallel_training_jobs parallelism concurrent_runs",
    "max_duration_minutes": "timeout max_duration time_budget max_minutes max_time duration",
    "policy": "early_termination early_termination_policy early_stopping early_terminate termination_policy scheduler"
    " early_stopping_policy pruner",
    "resume_from": "warm_start warm_start_from prior_runs resume warm_start_config",
    "seed": "random_seed random_state",
}
_WORDS = {word: key for key, words in _KEYS.items() for word in words.split()}
_SPACES = {
    "choice: […]": "values options list categories categorical discrete grid",
    "uniform: [min, max]": "min_value min max_value max low high lower_bound upper_bound double float",
    "normal: [mu, sigma]": "mu sigma mean std",
    "randint: [upper]": "upper",
    "quniform: [min, max, q]": "q step int integer q_uniform",
    "loguniform: [log of min, log of max]": "log_uniform log log_uniform_values",
}
_ONE_SPACE = {word: written for written, words in _SPACES.items() for word in words.split()}
"""{a word within one parameter: what to write instead of it and of those beside it}"""


_SAMPLINGS = {
    "bayesian": "bayes bayesian_optimization bayesianoptimization bo tpe gp optuna skopt hyperopt smac",
    "random": "random_search randomsearch randomized sobol quasi_random quasirandom",
    "grid": "grid_search gridsearch exhaustive",
}
_GOALS = {"maximize": "max maximise maximum maximization higher up", "minimize": "min minimise minimum lower down"}
VALUES = {
    "sampling": {word: meant for meant, words in _SAMPLINGS.items() for word in words.split()},
    "primary_metric_goal": {word: meant for meant, words in _GOALS.items() for word in words.split()},
}
"""{key: {another tool's word: ours}}"""


def kind_of_argument(kind: str, value: Any) -> str:
    """What to write for what an expression has in place of the list of its arguments."""
    if not isinstance(value, Mapping):
        return f"write a list: {{{kind}: [{value}]}}" if not isinstance(value, str) else f"write [{value}]"
    names = EXPRESSIONS.get(kind, ())
    given = [value.get(name, "…") for name in names]
    return f"write a list: [{', '.join(map(str, given))}]"


def in_tune(path: KeyPath, word: str, value: Any) -> str | None:
    """What to write instead of the unknown key at `path` within `tune`, whose last part is `word` in our form; None
    where that would be a guess."""
    if path[1] == "parameter_space" and len(path) == 4:
        return _in_one_space(word, value)
    if path[1] == "policy" and len(path) == 3:
        return _in_policy(word, value)
    return f"write {_WORDS[word]}" if len(path) == 2 and word in _WORDS else None


def _in_one_space(word: str, value: Any) -> str | None:
    if word in ("type", "distribution", "parameter_type") and str(value).lower() in EXPRESSIONS:
        kind = str(value).lower()
        arguments = ", ".join(EXPRESSIONS[kind]) if kind != "choice" else "…"
        return f"the distribution is the key: write {kind}: [{arguments}], and nothing beside it"
    return f"write {_ONE_SPACE[word]}, and nothing beside it" if word in _ONE_SPACE else None


def _in_policy(word: str, value: Any) -> str | None:
    if word in ("type", "name", "policy_type"):
        kind = str(value).lower()
        known = kind if kind in POLICIES else "bandit"
        return f"the policy is the key: write policy: {{{known}: {{…}}}}, with its settings in it"
    of = [name for name, rules in POLICIES.items() if word in rules["schema"]]
    if (kind := word.removesuffix("_policy")) in POLICIES:
        return f"write {kind}"
    return f"it belongs below the policy's name: write policy: {{{of[0]}: {{{word}: …}}}}" if of else None
