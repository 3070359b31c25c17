"""The training environment that a lock holds: that of the lock before, where it still answers, else one solved anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tfinfra.catalog.images import AZURE_NODES
from tfinfra.compiler.pipeline import Compiled
from tfinfra.environment.cuda import cuda_of
from tfinfra.environment.interpreter import find_same_interpreter
from tfinfra.environment.lock import Preferences, exact_request, make_lock, solve_lock
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.proof.installed_tree import stored_tree
from tfinfra.environment.recipe import RECIPE, package_name
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.environment.same_bytes.compiler import compiler_here
from tfinfra.environment.uv.package_files import PackageFile, package_files
from tfinfra.environment.uv.package_index import other_indexes
from tfinfra.environment.uv.tool_environment import tool_environment
from tfinfra.locking.aliases import Aliases, aliased
from tfinfra.locking.document import LockedEnvironment, LockedPackage
from tfinfra.locking.environment import exact_lines, locked_environment, locked_installed, requirements_text
from tfinfra.model import Requirements
from tfinfra.system.paths import cache_folder
from tfinfra.system.progress import Progress

Files = dict[str, tuple[PackageFile, ...]]


@dataclass(frozen=True)
class Upgrade:
    """Which packages a new lock may change though they still fit: those `named`, or `all` of them."""

    all: bool = False
    named: frozenset[str] = frozenset()

    @property
    def any(self) -> bool:
        return self.all or bool(self.named)

    def kept(self, packages: tuple[LockedPackage, ...]) -> tuple[LockedPackage, ...]:
        """Those whose versions stay where they fit."""
        return () if self.all else tuple(one for one in packages if package_name(one.name) not in self.named)


def environment_of(
    compiled: Compiled,
    asked: str,
    before: LockedEnvironment | None,
    upgrade: Upgrade,
    *,
    aliases: Aliases,
    progress: Progress,
) -> LockedEnvironment:
    """The environment of a manifest's nodes. Raises RefusedPackages for what a lock cannot hold, NoAlias for an index
    without an alias, and as `make_lock` does."""
    platform = this_platform() if compiled.spec.target.cloud == "local" else AZURE_NODES
    same = before is not None and (before.asked, before.platform, before.recipe) == (asked, platform, RECIPE)
    if before is not None and same and not upgrade.any:
        return _with_built(before)
    requirements = compiled.spec.requirements
    solved = _solved(requirements, platform, before, upgrade, progress)
    sources = replace(
        requirements.sources,
        extra_index_urls=(*requirements.sources.extra_index_urls, *other_indexes(tool_environment())),
    )
    builds_here = solved.horovod is not None and platform == this_platform()
    cuda = cuda_of(solved.packages) if solved.gpu else None
    found = locked_environment(
        solved,
        _files(solved, solved.packages, progress),
        tools=_files(solved, solved.tools, progress),
        asked=asked,
        origin=_origin(solved, progress) if platform == this_platform() else "uv",
        indexes=aliased(sources, aliases),
        compiler=(compiler_here() or None) if builds_here else None,
        cuda=".".join(map(str, cuda)) if cuda else None,
    )
    return _with_built(found)


def _with_built(locked: LockedEnvironment) -> LockedEnvironment:
    """With the digest of the environment, where it was built here, as its build has recorded it."""
    built = stored_tree(cache_folder() / "environments" / locked.key) if locked.installed is None else None
    return replace(locked, installed=locked_installed(built)) if built is not None else locked


def _solved(
    requirements: Requirements, platform: str, before: LockedEnvironment | None, upgrade: Upgrade, progress: Progress
) -> Lock:
    if before is None and not upgrade.any:
        return make_lock(requirements, platform, cache_folder(), progress=progress)
    packages = upgrade.kept(before.packages) if before else ()
    tools = upgrade.kept(before.horovod.tools) if before and before.horovod else ()
    preferences = Preferences(requirements_text(packages), requirements_text(tools))
    return solve_lock(requirements, platform, cache_folder(), progress, preferences)


def _files(lock: Lock, packages: str, progress: Progress) -> Files:
    if not exact_lines(packages):
        return {}
    uv, request = exact_request(lock, packages, cache_folder(), progress)
    return package_files(uv, replace(request, lines=exact_lines(packages)))


def _origin(lock: Lock, progress: Progress) -> str:
    """Where the interpreter of this machine's own environments is from."""
    from tfinfra.environment.uv.tools import find_uv

    if lock.has_conda_python:
        return "conda"
    cache = cache_folder()
    found = find_same_interpreter(find_uv(cache, progress), lock.python_version, cache, progress)
    return "uv" if cache / "python" in found.path.parents else "machine"
