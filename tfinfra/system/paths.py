"""Where tfinfra keeps things on the user's machine: state, cache and configuration folders. State and cache are the
user's own: they are made so, and nothing is used that another user owns or may write."""

from __future__ import annotations

import errno
import os
import pwd
import shlex
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

import platformdirs

from tfinfra.errors import UsageError
from tfinfra.system.ownership import NotOwn, is_open, make_own, require_own, require_own_tree


class NoFolder(UsageError):
    """There is no folder at that path, and none can be made."""


class NoHome(NoFolder):
    """The user has no home, in which the folder would be."""


_CHANGED: dict[Path, None] = {}
_LOOKED_AT: set[tuple[Path, int, int]] = set()
"""Caches in which all is well: a large one takes a while to look through, and a verb asks for it many times."""


def state_folder() -> Path:
    """Runs, Pulumi state, the local cloud. TFINFRA_STATE_DIR overrides. Raises UsageError where it is not the user's
    own, or can be no folder."""
    return _own(_STATE, platformdirs.user_state_dir, _STATE_WAY_OUT)


def cache_folder() -> Path:
    """What can be made again: the Pulumi CLI, locks, wheels, training environments. TFINFRA_CACHE_DIR overrides. Raises
    UsageError where it, or what is in it, is not the user's own, or where it can be no folder."""
    folder = _folder(_CACHE, platformdirs.user_cache_dir)
    if folder.is_dir() and _state(folder) not in _LOOKED_AT:
        # before it is made private: later nothing would show who could write it
        _refusing(lambda: require_own_tree(folder, _DEPTH), folder, _CACHE_WAY_OUT)
    _own(_CACHE, platformdirs.user_cache_dir, _CACHE_WAY_OUT)
    if folder.is_dir():
        _LOOKED_AT.add(_state(folder))
    return folder


def config_folder() -> Path:
    """compute_targets.yaml of the platform team. TFINFRA_CONFIG_DIR overrides. Raises NoFolder where it can be none."""
    return _folder("TFINFRA_CONFIG_DIR", platformdirs.user_config_dir)


def listed_home() -> Path | None:
    """The user's home as this machine's list of users has it, which no variable moves; None where it has no such
    user."""
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def listed_config_folder() -> Path | None:
    """The usual configuration folder in the listed home."""
    home, below = listed_home(), "Library/Application Support" if sys.platform == "darwin" else ".config"
    return None if home is None else home / below / "tfinfra"


def named_folders() -> tuple[Path, ...]:
    """The state and the cache folder as they are named, without one that cannot be any."""
    found = []
    for variable, default in ((_STATE, platformdirs.user_state_dir), (_CACHE, platformdirs.user_cache_dir)):
        with suppress(UsageError):
            found.append(_folder(variable, default))
    return tuple(found)


def prices_file() -> Path:
    """The prices of `tfinfra catalog refresh`."""
    return state_folder() / "prices.json"


def made_private() -> tuple[Path, ...]:
    """The folders that others could read until this process looked at them; each is given once."""
    found = tuple(_CHANGED)
    _CHANGED.clear()
    return found


def _state(folder: Path) -> tuple[Path, int, int]:
    """Changes with the folder's owner, mode and entries."""
    status = folder.stat()
    return folder, status.st_ino, status.st_ctime_ns


def _folder(variable: str, default: Callable[[str], str]) -> Path:
    """The folder that the variable names, else the usual one, whether it is there or not. Raises NoFolder where
    nothing can be made at that path, or looked up."""
    given = os.environ.get(variable)
    if given and not Path(given).is_absolute():
        message = f"{variable} names '{given}', which is another folder wherever tfinfra is called"
        raise NoFolder(message, f'name it from the root: {variable}="$PWD/{given}"')
    folder = Path(given or _usual(default)).absolute()
    name = f"{variable} names {folder}" if given else f"{folder} is where tfinfra keeps things"
    try:
        if not stat.S_ISDIR(folder.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except FileNotFoundError:
        nearest = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
        if not nearest.is_dir():
            raise NoFolder(f"{name}, but {nearest} is a link that leads nowhere", _OTHER.format(variable)) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise NoFolder(f"{name}, which cannot be used: {reason}", _OTHER.format(variable)) from error
    return folder


_OTHER = "name another folder: {}"


def _usual(default: Callable[[str], str]) -> str:
    """The usual folder, which lies in the user's home."""
    try:
        return default("tfinfra")
    except (RuntimeError, KeyError, OSError) as error:
        message = f"there is no home folder: HOME is not set, and this machine knows no user {os.getuid()}"
        raise NoHome(message, f"set HOME, or name folders of your own: {_STATE} and {_CACHE}") from error


_DEPTH = 2
"""Down to each environment, wheel and version: below, only who may write those could."""
_STATE, _CACHE = "TFINFRA_STATE_DIR", "TFINFRA_CACHE_DIR"
NAMES = {
    _STATE: (
        *("runs", "cloud", "reports", "ui", "last.json", "mistake.json", "prices.json"),
        *(".last.json.*", ".mistake.json.*", ".prices.json.*", "trial-*"),
    ),
    _CACHE: (
        *("bundle-parts", "bundle-site", "conda", "environments", "locks", "logs", "policy", "pulumi"),
        *("python", "requests", "tools", "uv", "wheels"),
        *("inputs.sqlite3*", "azurite-*", "checkov-*", "ci-*", "docs-*", "sbom-*", "uv-*", "venv-*", "verifiers-*"),
    ),
}
"""All that tfinfra itself makes in each, as patterns; a lock's name begins with that of what it locks. By these a
folder that a variable names is known as tfinfra's."""
_CACHE_WAY_OUT = (
    f"name another folder: {_CACHE}; or remove of it what is not yours: all that tfinfra keeps there can be made again"
)
_STATE_WAY_OUT = f"name a folder of your own: {_STATE}; or, if all in it is yours: `chmod -R go-w` it"


def _own(variable: str, default: Callable[[str], str], way_out: str) -> Path:
    """The folder, made private if it exists: a reader makes no folder, and a writer makes a private one (ownership.py).
    Root may keep a cache for all users of a machine, and let them read it."""
    folder = _folder(variable, default)
    if not folder.is_dir():
        return folder
    _refusing(lambda: require_own(folder), folder, way_out)
    with suppress(OSError):  # who writes into it hears of that
        of_root = variable == _CACHE and os.getuid() == 0 and os.environ.get(variable)
        if is_open(folder) and not (of_root and any(folder.iterdir())):
            strange = next(_strange(folder, variable), None)
            if strange is not None:
                raise _others_may_look(folder, variable, strange)
            make_own(folder)
            _CHANGED[folder] = None
    return folder


def _strange(folder: Path, variable: str) -> Iterator[str]:
    """What lies in a folder that a variable names, and is not tfinfra's: of such a folder only its user knows whether
    others miss what a change of its mode takes from them. Those of the usual name are tfinfra's whatever they hold."""
    if os.environ.get(variable):
        names = (path.name for path in folder.iterdir())
        yield from (name for name in names if not any(fnmatchcase(name, known) for known in NAMES[variable]))


def _others_may_look(folder: Path, variable: str, strange: str) -> UsageError:
    message = (
        f"{folder} is open to other users and holds what is not tfinfra's ('{strange}'):"
        " tfinfra closes no folder that others may use"
    )
    hint = f"name one in it: {variable}={folder / 'tfinfra'}"
    if len(folder.resolve().parts) > 2:  # /etc is nobody's alone
        hint += f"; or, if it is for tfinfra alone: `chmod 700 {shlex.quote(str(folder))}`"
    return UsageError(message, hint)


def _refusing(look: Callable[[], None], folder: Path, way_out: str) -> None:
    try:
        look()
    except NotOwn as why:
        if folder.stat().st_mode & stat.S_ISVTX:  # a place for everybody, such as /tmp: nothing of it is to be changed
            way_out = "name a folder of your own"
        raise UsageError(f"{why}: what is in it may be somebody else's work", hint=way_out) from why
