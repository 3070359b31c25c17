"""The names that are known before a text is read: of this machine and its user, of the run, and all that its manifest
gave. They are used to be looked for, and for nothing else."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfinfra.backends.registry import BACKENDS
from tfinfra.errors import UsageError
from tfinfra.machine.report.anonymous import Names
from tfinfra.model.entry import entry_of
from tfinfra.system.ownership import user_name
from tfinfra.system.paths import cache_folder, config_folder, state_folder

_SECRET_NAME = re.compile(
    r"TOKEN|SECRET|PASSWORD|PASSPHRASE|PASSWD|CREDENTIAL|API_?KEY|ACCESS_?KEY|_KEY$", re.IGNORECASE
)
_SHORTEST_SECRET = 4
_PLAIN = re.compile(r"[-+.\d]*(?:e[-+]?\d+)?|/root|/", re.IGNORECASE)
_COMMON = frozenset(
    {
        *("root", "localhost", "local", "azure", "true", "false", "none", "null", "yes", "eastus", "tfinfra"),
        *("keep", "compute", "train", "prepare", "bundle", "environment", "collect", "preflight", "teardown", "nodes"),
        *(
            "node",
            "rank",
            "chief",
            "worker",
            "evaluator",
            "client",
            "timer",
            "python",
            "tensorflow",
            "horovod",
            "default",
        ),
        *BACKENDS,
        *("home", "user", "users", "work", "tmp", "var", "runs"),
    }
)
"""Words that a manifest may give as values and that a report cannot be read without."""


_IN_URLS = re.compile(r"\w+://(?:[^/@\s]*@)?([^/:?#@\s\"']+)")
"""The hosts of URLs: an error names them without the rest."""


def names(
    environ: Mapping[str, str], record: Mapping[str, Any], plan: Mapping[str, Any], arguments: Mapping[str, Any]
) -> Names:
    """What replaces names in a report; the documents are as they lie on disk, {} where there are none."""
    target, owner = _mapping(record.get("target")), str(record.get("owner") or "")
    host = socket.gethostname()
    users = [environ.get(name, "") for name in ("USER", "LOGNAME", "SUDO_USER", "USERNAME")]
    users.append(user_name())
    return Names(
        known={
            "folder": _usable(_found(state_folder, cache_folder, config_folder, Path.cwd)),
            "home": _usable(_found(Path.home)),
            "user": _usable(users),
            "host": _usable([host, host.partition(".")[0]]),
            "run": _usable([str(record.get("run") or "")]),
            "owner": _usable([owner, owner.partition("@")[0]]),
            "results": _usable([str(record.get("results") or "")]),
            "named": _usable(
                [str(record.get("name") or ""), str(plan.get("name") or ""), str(target.get("name") or "")]
            ),
            "brought": _usable(_brought([target, plan.get("infrastructure"), plan.get("alternatives")])),
            "given": _usable(_given(plan, arguments)),
        },
        secrets=secret_values(environ, plan),
    )


def secret_values(environ: Mapping[str, str], plan: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of the run's secrets, and of all variables that are named as secrets are."""
    secrets = set(_texts(plan.get("secrets")))
    found = (value for name, value in environ.items() if name in secrets or _SECRET_NAME.search(name))
    return tuple(value for value in found if len(value) >= _SHORTEST_SECRET)


def _found(*places: Callable[[], Path]) -> Iterator[str]:
    """The places that there are: one may have no home, and a current folder may be deleted."""
    for place in places:
        with suppress(UsageError, OSError, RuntimeError):
            yield str(place())


def _usable(values: Iterable[str]) -> tuple[str, ...]:
    """Without what is no name: numbers, single characters, words that mean something here."""
    kept = (value.strip() for value in values)
    return tuple(dict.fromkeys(v for v in kept if len(v) >= 3 and v.lower() not in _COMMON and not _PLAIN.fullmatch(v)))


def _brought(documents: Iterable[Any]) -> Iterator[str]:
    """The names in what a target brings: every part of its ids and URLs that is none of ARM's own words."""
    for document in documents:
        for value in _texts(document):
            if value.startswith("/subscriptions/"):  # of an ARM id names stand behind their types
                yield from value.strip("/").split("/")[1::2]
            elif "/" in value:  # of a URL the host's first part and the path's are names
                host, *rest = value.partition("://")[2].split("/")
                yield from (host.partition(".")[0], *rest)
        yield from _texts(_mapping(document).get("tags"))


def _given(plan: Mapping[str, Any], arguments: Mapping[str, Any]) -> Iterator[str]:
    """What the manifest gave as text, the estimator's arguments included."""
    keys = ("entry_script", "setup_script", "resume_from", "arguments", "environment_variables", "inputs", "secrets")
    needs = _mapping(plan.get("requirements"))
    given = [
        *(plan.get(key) for key in keys),
        entry_of(str(plan.get("entry_script") or "")).name,
        *(needs.get("pip"), needs.get("conda_channels")),
        *(arguments.get("script_params"), arguments.get("environment_variables")),
    ]
    for text in _texts(given):
        yield text
        yield from _IN_URLS.findall(text)


def _mapping(value: Any) -> Mapping[str, Any]:
    """A document's part, empty where something else stands in its place."""
    return value if isinstance(value, Mapping) else {}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner)
            yield str(name)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)
