"""What the program asks of ARM against what the lock has of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tfinfra.errors import Diagnostic
from tfinfra.locking.compare.pair import Pair
from tfinfra.locking.document import LockedBody
from tfinfra.locking.now import Requests
from tfinfra.manifest.document import KeyPath

_AT: KeyPath = ("infrastructure", "bodies")


def of_requests(pair: Pair, requests: Requests) -> Iterator[Diagnostic]:
    """Each resource that is asked for otherwise, what nodes boot with, and what the caller's role may do."""
    yield from _of_bodies(pair, requests.bodies)
    held = pair.lock.infrastructure
    if held.custom_data != requests.custom_data:
        message = "what the nodes boot with (customData) is not as it was locked"
        yield pair.in_lock("TFI907", ("infrastructure", "custom_data"), message)
    if held.role_actions != requests.role_actions:
        message = "what the caller's role has to allow is not as it was locked"
        yield pair.in_lock("TFI907", ("infrastructure", "role_actions"), message)


def _of_bodies(pair: Pair, asked: Sequence[LockedBody]) -> Iterator[Diagnostic]:
    held, now = _numbered(pair.lock.infrastructure.bodies), _numbered(asked)
    for index, (key, body) in enumerate(held.items()):
        name, one = _name(body), now.get(key)
        if one is None:
            message = f"{name} is in the lock, and the program does not ask for it"
            yield pair.in_lock("TFI907", (*_AT, index, "resource"), message)
        elif one.api != body.api:
            message = f"{name} is asked for by the API version {one.api}, and by {body.api} in the lock"
            yield pair.in_lock("TFI907", (*_AT, index, "api"), message)
        elif one.sha256 != body.sha256:
            message = f"what ARM is asked for {name} is not as it was locked"
            yield pair.in_lock("TFI907", (*_AT, index, "sha256"), message)
    for key, body in now.items():
        if key not in held:
            yield pair.in_lock("TFI907", _AT, f"the program asks for {_name(body)}, which is not in the lock")


def _numbered(bodies: Sequence[LockedBody]) -> dict[tuple[str, int], LockedBody]:
    """By resource, and which of those of that name it is: both stacks have a group."""
    found: dict[tuple[str, int], LockedBody] = {}
    for body in bodies:
        number = sum(1 for name, _ in found if name == _name(body))
        found[_name(body), number] = body
    return found


def _name(body: LockedBody) -> str:
    return f"'{body.resource}' ({body.type})"
