"""What fits together of the things that others made for runs of a target."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.target.chosen import Chosen
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import error_at
from tfinfra.manifest.keys import BLOB_HOST, CONTAINER, FORMS


def access_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules."""
    chosen = facts.chosen
    yield from _without_identity(chosen)
    store = chosen.target.store if chosen.target else None
    if store and not facts.project.own_cloud and not re.fullmatch(BLOB_HOST, urlsplit(store).netloc):
        message = f"'{urlsplit(store).netloc}' is no host of Azure's storage"
        yield error_at(chosen.document, "TFI725", chosen.at("store"), message, FORMS[CONTAINER])


def _without_identity(chosen: Chosen) -> Iterator[Diagnostic]:
    """A run's own identity is made with the run, and grants are made within the run's own groups only: nobody could
    have let it into a container of others."""
    target = chosen.target
    if target is not None and target.store is not None and target.identity_id is None:
        message = f"target '{target.name}' has a store, and no identity_id that may use it"
        hint = "add identity_id: an identity with Storage Blob Data Contributor on that container"
        yield error_at(chosen.document, "TFI650", chosen.at("store"), message, hint)
