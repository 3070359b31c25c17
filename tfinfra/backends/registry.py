"""The literal registry of backends."""

from __future__ import annotations

from tfinfra.backends.base import Backend
from tfinfra.backends.mpi import Mpi
from tfinfra.backends.ps import ParameterServer
from tfinfra.backends.single import Single

BACKENDS: dict[str, Backend] = {"single": Single(), "mpi": Mpi(), "ps": ParameterServer()}


def backend(name: str) -> Backend:
    """The backend of `Plan.backend`. Raises KeyError for a name that is none."""
    return BACKENDS[name]
