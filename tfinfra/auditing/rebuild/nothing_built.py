"""What is said where a rebuild makes nothing: of a rule that nobody could look at it is not said that all is well."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.rebuild.deploy_folder import no_folder
from tfinfra.auditing.rebuild.environment import not_built
from tfinfra.auditing.rebuild.recipe import NotBuilt
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence.names import LOCK


def nothing_built(why: NotBuilt) -> Iterator[Finding]:
    """Neither environment nor deploy folder."""
    yield from not_built(why)
    yield no_folder(why.why, why.hint)


def refused_lock(wrong: Iterable[str]) -> Iterator[Finding]:
    """Of a lock that no tfinfra has written: a sentence for each thing that is `wrong` with it."""
    for sentence in wrong:
        yield Finding("TFA502", Verdict.CHANGED, in_run(LOCK), sentence, in_run(LOCK))
    yield from nothing_built(NotBuilt("no tfinfra wrote the lock"))
