"""How long an agent bears with its store."""

from __future__ import annotations

from tfinfra.store import PatientStore, store_errors

PATIENCE = 120.0  # seconds

__all__ = ["PATIENCE", "PatientStore", "store_errors"]
