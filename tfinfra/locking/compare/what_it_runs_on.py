"""The environment, the program and the launch against what the lock has of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.environment.recipe import RECIPE
from tfinfra.errors import Diagnostic
from tfinfra.locking.compare.pair import Pair, same, shown
from tfinfra.manifest.document import KeyPath
from tfinfra.model import to_json


def of_environment(pair: Pair) -> Iterator[Diagnostic]:
    """What it was locked from, and what it is for."""
    held, now, at = pair.lock.environment, pair.now, "environment"
    if held.asked != now.asked:
        message = "the manifest asks for another environment than the one that was locked"
        yield pair.in_lock("TFI908", (at, "asked"), message)
    if held.recipe != RECIPE:
        message = f"this tfinfra builds environments by recipe {RECIPE}, and the lock's is of recipe {held.recipe}"
        yield pair.in_lock("TFI908", (at, "recipe"), message)
    if held.platform not in now.platforms:
        message = f"the environment is for {held.platform}, and nodes are {' or '.join(now.platforms)}"
        yield pair.in_lock("TFI908", (at, "platform"), message)
    if not f"{held.python.version}.".startswith(f"{now.python}."):
        message = f"Python is {held.python.version} in the lock, and the manifest asks for {now.python}"
        yield pair.in_lock("TFI908", (at, "python", "version"), message)
    yield from _of_indexes(pair)


def _of_indexes(pair: Pair) -> Iterator[Diagnostic]:
    """Those that the target names; a lock may have more, of the settings of the machine that locked."""
    held, now, path = pair.lock.environment.indexes, pair.now.indexes, ("environment", "indexes")
    if held.index != now.index:
        message = f"packages come from the index '{now.index}', and from '{held.index}' in the lock"
        yield pair.in_lock("TFI908", (*path, "index"), message)
    if held.extra[: len(now.extra)] != now.extra:
        message = f"the target's indexes {', '.join(now.extra)} are not the first of those in the lock"
        yield pair.in_lock("TFI908", (*path, "extra"), message)
    if held.find_links != now.find_links:
        here, there = (shown(", ".join(pages)) for pages in (now.find_links, held.find_links))
        message = f"pages of wheels are {here}, and {there} in the lock"
        yield pair.in_lock("TFI908", (*path, "find_links"), message)


def of_program(pair: Pair) -> Iterator[Diagnostic]:
    """tfinfra, Pulumi, the deploy folder and the image."""
    lock, now = pair.lock, pair.now
    if lock.tfinfra.version != now.tfinfra:
        message = f"tfinfra is {now.tfinfra}, and {lock.tfinfra.version} in the lock"
        hint = "install that release, or lock with this one"
        yield pair.in_lock("TFI907", ("tfinfra", "version"), message, hint)
    held = lock.infrastructure
    for tool in ("pulumi", "azure_native"):
        was, here = getattr(held.engine, tool), getattr(now.engine, tool)
        if was != here:
            yield pair.in_lock("TFI907", ("infrastructure", "engine", tool), f"it is {here}, and {was} in the lock")
    if held.image != now.image:
        message = f"the image is {now.image}, and {held.image} in the lock"
        yield pair.in_lock("TFI907", ("infrastructure", "image"), message)
    yield from _mapping(pair, ("infrastructure", "deploy", "files"), held.deploy.files, now.deploy.files)


def of_launch(pair: Pair) -> Iterator[Diagnostic]:
    """How tasks are started, and where."""
    held, now = pair.lock.launch, pair.now.launch
    for part in ("command", "launcher"):
        was, here = (to_json(getattr(one, part)) for one in (held, now))
        if not same(was, here):
            yield pair.in_lock("TFI909", ("launch", part), f"the {part} is {shown(' '.join(here))} now")
    yield from _mapping(pair, ("launch", "variables"), held.variables, now.variables, "TFI909")
    yield from _mapping(pair, ("launch", "placement"), held.placement, now.placement, "TFI909")


def _mapping(
    pair: Pair, path: KeyPath, held: Mapping[str, Any], now: Mapping[str, Any], code: str = "TFI907"
) -> Iterator[Diagnostic]:
    for name in dict.fromkeys([*held, *now]):
        if held.get(name) != now.get(name):
            what = (
                "is not in the lock"
                if name not in held
                else "is gone"
                if name not in now
                else "is not as it was locked"
            )
            yield pair.in_lock(code, (*path, name), f"'{name}' {what}")
