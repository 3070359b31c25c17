"""The random end of a run's id, apart from the launch: a preflight names a run too, and begins none."""

from __future__ import annotations

import secrets

ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_letters() -> str:
    """Six characters over ALPHABET."""
    return "".join(secrets.choice(ALPHABET) for _ in range(6))
