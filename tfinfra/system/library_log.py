"""What libraries log, as lines for a person who asked for all of it. A module of its own, as most verbs load neither it
nor what it needs."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from tfinfra.text.credentials import hidden
from tfinfra.text.masking import redact

_LOGGERS = ("azure", "pulumi", "tfinfra")
_REQUEST = re.compile(r"Request URL: '(?P<url>[^']*)'.*?Request method: '(?P<method>\w+)'", re.DOTALL)
_RESPONSE = re.compile(r"Response status: (?P<status>\d+)")


def tell_logged(tell: Callable[[str], None]) -> Callable[[], None]:
    """Has `tell` told what they log, from now on until the function is called that this returns."""
    handler, before = _Teller(tell), {name: logging.getLogger(name).level for name in _LOGGERS}
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.INFO)
        logging.getLogger(name).addHandler(handler)

    def end() -> None:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
            logging.getLogger(name).removeHandler(handler)

    return end


class _Teller(logging.Handler):
    """What a library logs, without secrets and as one line; of a request and its answer what and where, not all that
    comes with them."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if request := _REQUEST.search(text):
            text = f"{request['method']} {request['url']}"
        elif response := _RESPONSE.search(text):
            text = f"answered with {response['status']}"
        else:
            text = f"{record.name}: {text}"
        self._tell(" ".join(redact(hidden(text)).split()))
