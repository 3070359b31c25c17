"""The literal registry of backends."""

from __future__ import annotations

from tfinfra.backends.base import Backend
from tfinfra.backends.mpi import Mpi
from tfinfra.backends.multi_worker import MultiWorker
from tfinfra.backends.ps import ParameterServer
from tfinfra.backends.single import Single

_ALL: tuple[Backend, ...] = (Single(), Mpi(), ParameterServer(), MultiWorker())
BACKENDS: dict[str, Backend] = {one.name: one for one in _ALL}
DISTRIBUTED: tuple[str, ...] = tuple(one.name for one in _ALL if one.many_nodes)
"""The values of `distributed_backend`."""


_CALLED = {word: name for name in DISTRIBUTED for word in (name, *BACKENDS[name].also_called)}


def backend_called(word: str) -> str | None:
    """The value of `distributed_backend` that people mean by `word`, in any case; None where it means none."""
    return _CALLED.get(word.lower())


def backend(name: str | None) -> Backend:
    """The backend of `Plan.backend`, or of a manifest's `distributed_backend`, which may be None. Raises KeyError for a
    name that is none."""
    return BACKENDS[name or Single.name]
