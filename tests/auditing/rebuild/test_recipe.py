"""What a lock may have a rebuild install: whatever a hostile one says, package tools see names, exact versions and
hashes alone, and the auditor's own indexes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.locking.locks import digest, environment
from tfinfra.auditing.rebuild.recipe import NotBuilt, beyond, built_from_source, lock_here, refused, without_builds
from tfinfra.environment.lock_file import Lock
from tfinfra.environment.recipe import HOROVOD_HASHES, OPENMPI_VERSION
from tfinfra.locking.aliases import Aliases
from tfinfra.locking.document import (
    LockedConda,
    LockedEnvironment,
    LockedIndexes,
    LockedPackage,
    LockedPython,
)
from tfinfra.locking.environment import environment_lock

PLATFORM = "x86_64-manylinux_2_28"


def honest(**changes: object) -> LockedEnvironment:
    """An environment as a lock has it, with the key that follows from the rest."""
    made = environment(digest("a"))
    assert made.horovod is not None
    horovod = replace(made.horovod, sdist=next(iter(HOROVOD_HASHES)), openmpi=OPENMPI_VERSION)
    changed = replace(made, **{"horovod": horovod, **changes})  # type: ignore[arg-type]
    return replace(changed, key=environment_lock(changed).key)


def package(
    name: str = "evil", version: str = "1.0", file: str = "evil-1.0-py3-none-any.whl", **more: int
) -> LockedPackage:
    return LockedPackage(name, version, file, digest("9"), **more)


def with_packages(*more: LockedPackage, **changes: object) -> LockedEnvironment:
    return honest(packages=(*honest().packages, *more), **changes)


def horovod(**changes: object) -> LockedEnvironment:
    made = honest().horovod
    assert made is not None
    return honest(horovod=replace(made, **changes))  # type: ignore[arg-type]


ATTACKS: dict[str, tuple[LockedEnvironment, str]] = {
    "an option as Python's version": (
        honest(python=LockedPython("--index-url=http://evil.example", "uv")),
        "Python's version is '--index-url=http://evil.example', which is none",
    ),
    "a path as Python's version": (
        honest(python=LockedPython("../../../tmp/evil", "machine")),
        "Python's version is '../../../tmp/evil', which is none",
    ),
    "a pattern as Python's version": (honest(python=LockedPython("3.1*.7", "uv")), "Python's version is '3.1*.7'"),
    "a number of any length in Python's version": (
        honest(python=LockedPython(f"3.11.{'9' * 400}", "uv")),
        "Python's version is '3.11.999",
    ),
    "an option as TensorFlow's version": (
        honest(framework_version="2.15.1 --extra-index-url=http://evil.example"),
        "TensorFlow's version is '2.15.1 --extra-index-url",
    ),
    "a URL as TensorFlow": (
        honest(tensorflow="evil @ file:///tmp/evil.whl"),
        "TensorFlow is to come from 'evil @ file:///tmp/evil.whl'",
    ),
    "an option as platform": (honest(platform="--python=/tmp/evil"), "the platform is '--python=/tmp/evil'"),
    "a wheel of another package": (
        with_packages(package("numpy2", "1.0")),
        "numpy2 1.0 is not what 'evil-1.0-py3-none-any.whl' is",
    ),
    "a wheel of another version": (
        with_packages(package("evil", "2.0")),
        "evil 2.0 is not what 'evil-1.0-py3-none-any.whl' is",
    ),
    "a source distribution": (
        with_packages(package(file="evil-1.0.tar.gz")),
        "evil comes as source, whose code runs where it is built",
    ),
    "an option among what is built from source": (
        with_packages(source_builds=("--find-links=http://evil.example",)),
        "source_builds names '--find-links=http://evil.example', which is no package of the lock",
    ),
    "all packages built from source": (honest(source_builds=(":all:",)), "source_builds names ':all:'"),
    "a package twice, spelt in two ways": (
        with_packages(*(package(name, "1.0", "evil_it-1.0-py3-none-any.whl") for name in ("Evil_it", "evil-it"))),
        "evil-it is there a second time",
    ),
    "more packages than there are": (
        with_packages(*(package(f"e{n}", "1.0", f"e{n}-1.0-py3-none-any.whl") for n in range(2_001))),
        "2003 packages are more than any environment has",
    ),
    "more bytes than a disk has": (
        with_packages(package(size=2**59)),
        "the packages are said to have more than 64 GiB",
    ),
    "another Horovod": (horovod(version="0.28.1 @ file:///tmp/evil"), "and the lock says otherwise"),
    "another source of Horovod": (
        horovod(sdist=digest("e")),
        "Horovod's source package is not the one that this recipe builds",
    ),
    "a tool of Horovod's build as source": (
        horovod(tools=(package(file="evil-1.0.zip"),)),
        "evil comes as source",
    ),
    "a key that leads elsewhere": (replace(honest(), key="../../tmp/evil"), "not those of the key '../../tmp/evil'"),
    "packages exchanged under the key of others": (
        replace(with_packages(package()), key=honest().key),
        "the packages are not those of the key",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_no_tfinfra_writes_is_refused_by_a_sentence_of_its_own(attack: str) -> None:
    held, sentence = ATTACKS[attack]
    found = refused(held)
    assert any(sentence in one for one in found), found


def test_an_honest_lock_is_built_as_it_is() -> None:
    held = honest()
    assert (refused(held), beyond(held, (PLATFORM,))) == ((), None)
    assert lock_here(held, Aliases()) == environment_lock(held)


BEYOND: dict[str, tuple[LockedEnvironment, str]] = {
    "another recipe": (honest(recipe=999_999), "the lock is of recipe 999999"),
    "another platform": (honest(platform="darwin-arm64"), "the environment is for darwin-arm64"),
    "conda's packages": (
        honest(conda=(LockedConda("x", "1", "h", "../..", "file:///tmp/evil", "../../evil", digest("c")),)),
        "it has conda's packages",
    ),
}


@pytest.mark.parametrize("case", BEYOND)
def test_what_this_machine_cannot_make_is_told_and_not_tried(case: str) -> None:
    held, why = BEYOND[case]
    found = beyond(held, (PLATFORM,))
    assert found is not None
    assert why in found.why


def test_indexes_are_the_auditors_own_and_an_unknown_alias_asks_nobody() -> None:
    held = honest(indexes=LockedIndexes("corp", ("other",)))
    found = lock_here(held, Aliases({"corp": "https://mine.example/simple"}))
    assert isinstance(found, NotBuilt)
    assert found.why == "no index is known here by the alias 'other'"
    known = lock_here(
        held, Aliases({"corp": "https://mine.example/simple", "other": "https://ada:word@its.example/simple"})
    )
    assert isinstance(known, Lock)
    assert known.sources.all_indexes == ("https://mine.example/simple", "https://its.example/simple")
    assert known.key == held.key


def test_without_builds_only_wheels_are_left_and_the_name_of_it_in_its_files() -> None:
    source = package("own", "1.0", "own-1.0.tar.gz")
    held = with_packages(source, source_builds=("own",))
    assert built_from_source(held) == ("own", "horovod")
    lock = without_builds(environment_lock(held), held)
    assert "own" not in lock.packages
    assert (lock.key, lock.horovod, lock.tools, lock.source_builds) == (held.key, None, "", ())
