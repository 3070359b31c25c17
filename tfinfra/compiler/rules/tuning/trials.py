"""How many trials, how many at a time, which of them end early, and what becomes of their nodes."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.search import all_nodes, sets, total_trials, trials_at_once
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.model.tuning import MOST_RESUMED
from tfinfra.text.wording import count

_MOST_AT_ONCE, _RUNS_PER_PARAMETER = 20, 20
"""What HyperDrive recommends for Bayesian sampling: few at a time, and many in all ("Bayesian sampling" in "Tune
hyperparameters for your model")."""
_MANY_NODES = 8
"""More than these at a time are a bill that nobody has who left a key out by mistake."""


def policies_that_cannot_be(facts: Facts) -> Iterator[Diagnostic]:
    """Both kinds of slack or none, no percentage, an interval that never comes."""
    given = facts.manifest.tune
    if given is None or given.policy is None:
        return
    from tfinfra.tuning.policies import fault  # loaded for a tune alone

    if why := fault(given.policy):
        written = ("tune", "policy", given.policy.kind)
        path = written if facts.document.key(written) else ("tune", "policy")
        hints = {
            "bandit": "for example policy: {bandit: {slack_factor: 0.1}}",
            "truncation_selection": "for example policy: {truncation_selection: {truncation_percentage: 20}}",
        }
        hint = hints.get(given.policy.kind)
        yield error_at(facts.document, "TFI935", path, f"{given.policy.kind} {why}", hint)


def fewer_trials_than_asked_for(facts: Facts) -> Iterator[Diagnostic]:
    """More at a time than in all, or more in all than the space has sets: no node is made for them."""
    given = facts.manifest.tune
    if given is None or not facts.manifest.sound("tune"):
        return
    total, found = total_trials(given), sets(given)
    if total < given.max_total_runs:
        message = f"the space has {count(found or 0, 'set')} of parameters: {count(total, 'trial')} at most"
        yield _said(facts, "TFI936", "max_total_runs", message)
    if given.max_concurrent_runs is not None and given.max_concurrent_runs > total:
        message = f"there are no more than {count(total, 'trial')}: {trials_at_once(given)} at a time"
        yield _said(facts, "TFI936", "max_concurrent_runs", message)


def all_trials_at_a_time(facts: Facts) -> Iterator[Diagnostic]:
    """HyperDrive's own default, which makes a node for each trial."""
    given = facts.manifest.tune
    if given is None or given.max_concurrent_runs is not None or not facts.manifest.sound("tune"):
        return
    total, nodes = total_trials(given), all_nodes(facts.manifest)
    if total < 2:
        return
    message = f"without max_concurrent_runs all {total:,} trials are lived at a time, on {count(nodes, 'node')}"
    severity = Severity.WARNING if nodes > _MANY_NODES else Severity.NOTICE
    hint = "max_concurrent_runs: 4 lives four at a time, one after the other on the same nodes"
    yield _said(facts, "TFI943", "max_total_runs", message, hint if total > 4 else None, severity=severity)


def what_bayesian_sampling_learns_from(facts: Facts) -> Iterator[Diagnostic]:
    """It needs trials that have ended, at their end, before it asks for the next."""
    given = facts.manifest.tune
    if given is None or given.sampling != "bayesian" or not facts.manifest.sound("tune"):
        return
    at_once, wanted = trials_at_once(given), _RUNS_PER_PARAMETER * len(given.parameter_space)
    if at_once > _MOST_AT_ONCE:
        message = f"{at_once} trials at a time: bayesian sampling learns from those that have ended"
        hint = f"{_MOST_AT_ONCE} or fewer search better"
        yield _said(facts, "TFI937", "max_concurrent_runs", message, hint, severity=Severity.WARNING)
    if given.max_total_runs < wanted:
        parameters = count(len(given.parameter_space), "parameter")
        message = f"{count(given.max_total_runs, 'trial')} are few for bayesian sampling of {parameters}"
        hint = f"{wanted} or more search better"
        yield _said(facts, "TFI937", "max_total_runs", message, hint, severity=Severity.WARNING)
    if given.policy is not None:
        message = "the policy holds under bayesian sampling too, which learns the best value so far of a trial it ends"
        hint = "remove the policy to search as HyperDrive does, which takes none with bayesian sampling"
        yield _said(facts, "TFI944", "policy", message, hint)


def too_many_earlier_tunes(facts: Facts) -> Iterator[Diagnostic]:
    """HyperDrive's own limit."""
    given = facts.manifest.tune
    if given is not None and len(given.resume_from) > MOST_RESUMED:
        message = f"'resume_from' names {len(given.resume_from)} tunes, and {MOST_RESUMED} at most are learnt from"
        yield error_at(facts.document, "TFI938", ("tune", "resume_from"), message, f"keep {MOST_RESUMED}")


def a_pool_that_is_held(facts: Facts) -> Iterator[Diagnostic]:
    """Nodes that wait after a failure: nothing may be asked of a tune's but its trials."""
    if facts.manifest.tune is not None and facts.manifest.on_failure:
        message = "a tune's nodes take neither `exec` nor `up --on`: held after a failure they cost, and serve nobody"
        hint = "remove it: what failed trials wrote comes home, and `up` of one set of parameters can hold its nodes"
        yield error_at(facts.document, "TFI942", ("on_failure",), message, hint)


def _said(
    facts: Facts,
    code: str,
    key: str,
    message: str,
    hint: str | None = None,
    *,
    severity: Severity = Severity.NOTICE,
) -> Diagnostic:
    path = ("tune", key)
    written = path if facts.document.key(path) else ("tune", "max_total_runs")
    return error_at(facts.document, code, written, message, hint, severity=severity)


RULES: tuple[Rule, ...] = (
    policies_that_cannot_be,
    fewer_trials_than_asked_for,
    all_trials_at_a_time,
    what_bayesian_sampling_learns_from,
    too_many_earlier_tunes,
    a_pool_that_is_held,
)
