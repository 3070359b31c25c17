"""Rules on what others made for the runs of a target: whether it fits together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import error_at
from tfinfra.manifest.key_schema import BLOB_HOST, CONTAINER, FORMS


def store_without_identity(facts: Facts) -> Iterator[Diagnostic]:
    """A run's own identity is made with the run, and is granted rights within the run's own groups only: it cannot have
    access to a container that others made."""
    chosen, target = facts.chosen, facts.chosen.target
    if target is not None and target.store is not None and target.identity_id is None:
        message = f"target '{target.name}' has a store, and no identity_id that may use it"
        hint = "add identity_id: an identity with Storage Blob Data Contributor on that container"
        yield error_at(chosen.document, "TFI650", chosen.at("store"), message, hint)


def store_of_an_unknown_host(facts: Facts) -> Iterator[Diagnostic]:
    """Nodes would send their identity's token there."""
    chosen = facts.chosen
    store = chosen.target.store if chosen.target else None
    if store and not facts.project.own_cloud and not re.fullmatch(BLOB_HOST, urlsplit(store).netloc):
        message = f"'{urlsplit(store).netloc}' is no host of Azure's storage"
        yield error_at(chosen.document, "TFI725", chosen.at("store"), message, FORMS[CONTAINER])


RULES: tuple[Rule, ...] = (store_without_identity, store_of_an_unknown_host)
