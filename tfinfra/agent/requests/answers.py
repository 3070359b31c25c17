"""What a node answers to a request: the client reads it in the run's store."""

from __future__ import annotations

import logging

from tfinfra.agent.node.node_records import write
from tfinfra.errors import first_line
from tfinfra.model.requests import Answer
from tfinfra.store import ObjectStore, keys, store_errors

_log = logging.getLogger(__name__)


def put_answer(store: ObjectStore, number: str, rank: int, answer: Answer) -> bool:
    """Whether the answer is there. A store that takes none is logged: what was asked is done all the same."""
    try:
        write(store, keys.answer_key(number, rank), answer)
    except store_errors() as error:
        _log.warning("could not answer: %s", first_line(error))
        return False
    return True
