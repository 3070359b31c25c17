"""A tune's part in the life of a run: what a run does in its training, a tune does in its search."""

from __future__ import annotations

from tfinfra.errors import LimitReached, Result, TfinfraError, first_line
from tfinfra.lifecycle.end.ending import await_collected
from tfinfra.lifecycle.end.trials_home import TrialsHome
from tfinfra.lifecycle.record.tune_journal import JournalFile, keep_entries
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.lifecycle.run.request_channel import open_channel
from tfinfra.lifecycle.tuning.before import NOTHING, Before
from tfinfra.lifecycle.tuning.how_it_ended import success
from tfinfra.lifecycle.tuning.resume import bring_over
from tfinfra.lifecycle.tuning.search import Search
from tfinfra.lifecycle.tuning.trial_book import TrialBook
from tfinfra.model import Outcome, to_json
from tfinfra.store import keys, put_first, store_errors
from tfinfra.text.wording import count
from tfinfra.tuning.journal import replay


def take_along(context: RunContext, before: Before = NOTHING) -> None:
    """Gives a tune on this machine all that it goes on with: whoever goes on with this one finds that here, also where
    its client is killed before the search. Raises OSError."""
    if before.left is not None:
        bring_over(before.left, context.folder)
        keep_entries(context.folder, before.entries)


def search(context: RunContext, nodes: Nodes, before: Before = NOTHING) -> None:
    """Returns once the pool has lived its trials, one of which is the best, and all that they left is in the store: it
    comes home beside the deletion of the nodes. Raises what interrupts the tune, and what an outcome that is no success
    means."""
    tune, pool, session = context.plan.tune, context.plan.pool, context.session
    assert tune is not None and pool is not None  # noqa: S101 - who calls this has looked
    text = f"{count(tune.max_total_runs, 'trial')} at most, {pool.trials_at_once} at a time"
    with session.phase("search", text):
        journal = JournalFile(context.folder, nodes.store)
        for entry in before.entries:
            journal.append(entry)
        book = TrialBook(tune, context.folder, journal, replay(before.entries), before.warm)
        channel = open_channel(context.ports, context.folder, context.record(), nodes.store)
        home = TrialsHome(context.plan, session.observer.say)
        context.undo.coming.append(home.wait)
        try:
            outcome = _searched(context, Search(context, nodes, channel, book, home=home, warm=before.warm), book)
        except BaseException as error:
            _ended(context, nodes, _interrupted(context, error))
            raise
        _ended(context, nodes, outcome)
        await_collected(context, nodes, session.interrupt.check)
        if (kind := outcome.error) is not None:
            raise kind(outcome.in_full(), hint=outcome.hint)


def _searched(context: RunContext, search: Search, book: TrialBook) -> Outcome:
    """A tune that reaches its limit with a best trial has done what it had the time or the money for, whether its
    client saw to that or its nodes did."""
    try:
        outcome = search.go()
        if outcome.result != Result.LIMIT:
            return outcome
    except LimitReached as limit:
        outcome = Outcome(Result.LIMIT, limit.message, ended=context.ports.clock(), hint=limit.hint)
    tune = context.plan.tune
    best = book.searched.best(tune.primary_metric_goal) if tune is not None else None
    if tune is None or best is None:
        return outcome
    context.session.observer.say(f"{outcome.message}: what it has found by now counts")
    return success(tune, best, book.searched, context.ports.clock())


def _interrupted(context: RunContext, error: BaseException) -> Outcome:
    """What the nodes are told of a tune that something ended; how its client ended says its record."""
    result = Result.of(error) if isinstance(error, TfinfraError) else Result.FAILED
    told = Result.FAILED if result == Result.ERROR else result
    return Outcome(told, first_line(error) or type(error).__name__, ended=context.ports.clock())


def _ended(context: RunContext, nodes: Nodes, outcome: Outcome) -> None:
    """Tells the nodes that the pool is over."""
    if nodes.outcome is None:
        try:
            put_first(nodes.store, keys.OUTCOME, outcome)
            nodes.outcome = outcome
        except store_errors() as error:
            context.session.observer.say(f"warning: the nodes could not be told of the end: {first_line(error)}")
    elif outcome.result == Result.SUCCEEDED:
        nodes.outcome = outcome  # they have said how the pool ended, which is not how the search did
    context.folder.audit.append("outcome", **to_json(outcome))
