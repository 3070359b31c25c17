"""Whether a training environment has a module, by as much as is known of it: its files, its lock, or the requirements
alone. What cannot be told is None, never a guess."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from tfinfra.catalog.modules.module_names import (
    come_with_horovod,
    come_with_tensorflow,
    comes_with,
    has,
    is_known,
    is_namespace,
    owners,
)
from tfinfra.catalog.tensorflow import minor_of
from tfinfra.environment.installed_modules import InstalledModules
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.recipe import package_name
from tfinfra.model import PackageSources, Requirements


@dataclass(frozen=True)
class EnvironmentModules:
    """`packages` are all packages of the environment, or, where it is not `locked`, those that may be in it.
    `installed` are its files, where it was built; `wheels` those of all its packages that no list here names."""

    packages: frozenset[str]
    locked: bool = True
    installed: InstalledModules | None = None
    wheels: InstalledModules | None = None

    def provides(self, name: str, members: Collection[str] = ()) -> bool | None:
        """Whether `from name import …members` finds its modules. A member of anything but a namespace may be a value
        that its module makes."""
        answer = self._has(name)
        if answer is not True or not members or not is_namespace(name):
            return answer
        answers = [self._has(f"{name}.{member}") for member in members]
        return False if False in answers else None if None in answers else True

    def unknown_packages(self) -> tuple[str, ...]:
        """Those whose modules no list here names."""
        return tuple(sorted(package for package in self.packages if not is_known(package)))

    def _has(self, name: str) -> bool | None:
        if self.installed is not None:
            return self.installed.has(name)
        if any(has(package, name) for package in self.packages):
            return True
        unknown = self.unknown_packages()
        if self.wheels is not None:
            return self.wheels.has(name)
        if not unknown:
            return False
        if not self.locked or not owners(name):
            return None
        words = {name.partition(".")[0].lower(), *(owner.partition("-")[0] for owner in owners(name))}
        alike = any(word.replace("_", "-") in package for word in words for package in unknown)
        return None if alike else False


def of_lock(lock: Lock) -> EnvironmentModules:
    """What is known by an environment's lock alone."""
    names = {package_name(line) for line in lock.packages.splitlines() if line[:1].isalnum()}
    horovod = {"horovod"} if lock.horovod else set()
    return EnvironmentModules(frozenset({*names, *horovod, *(package.name for package in lock.conda)}))


def of_requirements(requirements: Requirements) -> EnvironmentModules:
    """What is known before there is a lock: what TensorFlow and Horovod bring, and what else is asked for, with what
    that brings where it is well known. Any other package may bring whatever it likes."""
    tensorflow = come_with_tensorflow(minor_of(requirements.framework_version))
    horovod = come_with_horovod() if requirements.horovod else frozenset()
    pip = {package for line in requirements.pip for package in _asked_for(line, requirements.sources)}
    conda = {re.split(r"[\s=<>!~\[]", spec.rpartition("::")[2])[0].lower() for spec in requirements.conda}
    more = {*pip, *conda, *({_ANYTHING} if conda else ())}
    return EnvironmentModules(frozenset({*tensorflow, *horovod, *more}), locked=False)


_ANYTHING = ""
"""A package that nobody knows."""
_ELSEWHERE = re.compile(r"[\[@/]")
"""What stands in a line that asks for more than a package of the usual index: extras, a URL, a path."""


def _asked_for(line: str, sources: PackageSources) -> set[str]:
    """The packages that one requirement brings; an index of one's own may have another package of the same name."""
    name, asked = package_name(line), re.split(r"[;#]|\s--", line, maxsplit=1)[0]
    brought = comes_with(name)
    if brought is None or _ELSEWHERE.search(asked) or sources != PackageSources():
        return {name, _ANYTHING}
    return {name, *brought}
