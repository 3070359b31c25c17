"""Whether a training environment has a module, by as much as is known of it: its files, its lock, or the requirements
alone. What cannot be told is None, never a guess."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from tfinfra.catalog.modules.module_names import (
    come_with_horovod,
    come_with_tensorflow,
    has,
    is_known,
    is_namespace,
    owners,
)
from tfinfra.catalog.tensorflow import minor_of
from tfinfra.environment.installed_modules import InstalledModules
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.recipe import package_name
from tfinfra.model import Requirements


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
    """What is known before there is a lock: what TensorFlow and Horovod bring, and where nothing else is asked for, no
    more than that. What else is asked for may bring packages of its own."""
    tensorflow = come_with_tensorflow(minor_of(requirements.framework_version))
    horovod = come_with_horovod() if requirements.horovod else frozenset()
    names = {package_name(line) for line in requirements.pip}
    conda = {re.split(r"[\s=<>!~\[]", spec.rpartition("::")[2])[0].lower() for spec in requirements.conda}
    more = {"", *names, *conda} if names or conda else set()  # "" is a package that nobody knows
    return EnvironmentModules(frozenset({*tensorflow, *horovod, *more}), locked=False)
