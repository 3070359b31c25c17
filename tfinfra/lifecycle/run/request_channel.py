"""The one way by which a run's client asks something of nodes that live: requests that it signs, in a container that
the nodes may only read. The key that signs stays in the run's folder on this machine."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfinfra.errors import ManifestError, UsageError
from tfinfra.lifecycle.record.names import requests_in_attempt
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.model import Target, to_json
from tfinfra.model.requests import LIVES, Answer, Request, SignedRequest
from tfinfra.signing import SigningKey
from tfinfra.store import ObjectStore, encode, keys, readable

_KEY = "requests.key"


class Channel:
    """`container` takes the requests to the nodes of `run`, `store` is the run's own, where they answer."""

    def __init__(self, run: str, key: SigningKey, container: ObjectStore, store: ObjectStore, ports: Ports) -> None:
        self._run = run
        self._key = key
        self._container = container
        self._store = store
        self._ports = ports

    def send(self, kind: str, body: Any, nodes: Sequence[int]) -> str:
        """Asks the nodes of these ranks; the request's number."""
        request = self.request(kind, body, nodes)
        self.put(request)
        return request.number

    def request(self, kind: str, body: Any, nodes: Sequence[int]) -> Request:
        """What `put` asks of the nodes of these ranks."""
        return new_request(self._run, kind, body, nodes, self._ports.clock())

    def put(self, request: Request) -> None:
        self._container.put(keys.request_key(request.number), encode(signed(self._key, request)))

    def answer(self, number: str, node: int) -> Answer | None:
        """The node's newest word on a request."""
        return readable(self._store, keys.answer_key(number, node), Answer)

    def withdraw(self, number: str) -> None:
        """Removes a request. What a node has taken stays taken."""
        self._container.delete(keys.request_key(number))


def new_request(run: str, kind: str, body: Any, nodes: Sequence[int], now: float) -> Request:
    """`body` is a value of its kind's own record, `now` Unix seconds."""
    return Request(run, secrets.token_hex(16), kind, tuple(nodes), now + LIVES, json.dumps(to_json(body)))


def signed(key: SigningKey, request: Request) -> SignedRequest:
    text = json.dumps(to_json(request))
    return SignedRequest(text, key.sign(text))


def make_key(folder: RunFolder) -> SigningKey:
    """A new key for the run, kept for its owner alone. Raises OSError."""
    key = SigningKey.new()
    descriptor = os.open(_path(folder), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(key.pem())
    return key


def open_channel(ports: Ports, folder: RunFolder, record: RunRecord, store: ObjectStore) -> Channel:
    """The channel to the nodes of the run's newest attempt. Raises ManifestError where the target does not allow it,
    UsageError where this machine, or the run, has not what it takes."""
    if why := why_no_channel(record.target):
        raise ManifestError(f"the nodes of {record.run} take nothing from anybody: {why}")
    url = requests_in_attempt(record)
    if url is None:
        raise UsageError(f"the nodes of {record.run} take nothing from anybody: they were made without a key for that")
    return Channel(record.run, _kept_key(folder, record), ports.open_store(url), store, ports)


def why_no_channel(target: Target) -> str | None:
    """Why the target's runs have no channel: nodes must not be able to write where they are asked."""
    if target.store:
        return "its store is a container of others (`store`), whose rights tfinfra does not set"
    if target.identity_id:
        return "its nodes act as an identity of others (`identity_id`), which may write more than tfinfra knows"
    return None


def _kept_key(folder: RunFolder, record: RunRecord) -> SigningKey:
    try:
        return SigningKey.from_pem(_path(folder).read_bytes())
    except FileNotFoundError:
        message = f"only the machine that began {record.run} has the key by which its nodes know their client"
        raise UsageError(message, hint=f"{_path(folder)} would be it") from None
    except ValueError as error:
        raise UsageError(f"{_path(folder)} is no key: {error}") from None


def _path(folder: RunFolder) -> Path:
    return folder.path / _KEY
