"""Patience with a store that was made, or granted, a moment ago."""

from __future__ import annotations

import sys

from tfinfra.errors import CredentialsError, ProvisioningError, TfinfraError, first_line, full_disk
from tfinfra.store import ROLE, GrantedStore, ObjectStore, blob_answer, holds, keys
from tfinfra.system.clock import Clock, SystemClock

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0
GRANT = 2.0
"""A role grant may lag for 30 minutes, twice as long as a node may take to register
(learn.microsoft.com/azure/role-based-access-control/troubleshooting)."""
_CLOCK = SystemClock()
_PROVIDER = "External Azure credential provider: "
"""What obstore says before the kind and the text of what its caller's credential raised."""


def await_store(store: ObjectStore, *, timeout: float, clock: Clock = _CLOCK) -> None:
    """Returns once the store answers the caller: Blob sees a grant of seconds ago only minutes later. Raises
    ProvisioningError where it does not within `timeout` seconds."""
    from obstore.exceptions import BaseError

    until, pause = clock.monotonic() + timeout, FIRST_PAUSE
    while True:
        try:
            holds(store, keys.KEEP)
        except (BaseError, OSError) as error:
            if clock.monotonic() + pause > until:
                raise _out_of_reach(error) from error
        else:
            return
        clock.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _out_of_reach(problem: Exception) -> TfinfraError:
    answer = blob_answer(problem)
    if answer is None or answer.way_out == ROLE:
        hint = "you need Storage Blob Data Contributor on it; a new grant may lag for minutes, so try again"
    else:
        hint = answer.way_out
    return ProvisioningError(f"the run's store does not answer: {full_disk(problem) or _words(problem)}", hint=hint)


def granted(store: ObjectStore, register: float) -> ObjectStore:
    """The store with the patience that it takes while the run is young, for work on a thread of its own: one call may
    take as long as a node may to `register`, in seconds."""
    return GrantedStore(store, _CLOCK, register)


def store_trouble(error: BaseException) -> TfinfraError | None:
    """What a store's own error is to a user: it refuses (CredentialsError) or does not answer (ProvisioningError). None
    for any other, also for those that only a fault of tfinfra's brings about, as a key that no store takes."""
    if "obstore" not in sys.modules:
        return None
    from obstore.exceptions import GenericError, PermissionDeniedError, UnauthenticatedError

    if isinstance(error, UnauthenticatedError) and (said := first_line(error).partition(_PROVIDER)[2]):
        return CredentialsError(f"no token for the run's store: {said.partition(': ')[2]}")
    if isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
        answer = blob_answer(error)
        return CredentialsError(f"the run's store refuses you: {_words(error)}", answer.way_out if answer else ROLE)
    if isinstance(error, GenericError):
        if (full := full_disk(error)) is not None:
            return ProvisioningError(f"the run's store takes nothing: {full}", "free some space on it")
        return ProvisioningError(f"the run's store does not answer: {_words(error)}", "try again")
    return None


def _words(error: BaseException) -> str:
    """Blob's own words where it is known to have answered, else the first line of obstore's."""
    answer = blob_answer(error)
    return answer.words if answer else first_line(error)
