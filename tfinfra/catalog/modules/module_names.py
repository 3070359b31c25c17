"""Which package a module comes from, where its name does not say so. Data and source: data/module_names.json."""

from __future__ import annotations

from functools import cache

from tfinfra.catalog.data_files import data_file


def owners(module: str) -> frozenset[str]:
    """The packages, as indexes compare names, that are known to have `module`, which may be dotted: those of the
    longest part of its name that is known."""
    parts = module.split(".")
    names = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
    return next((_owners()[name] for name in names if name in _owners()), frozenset())


def has(package: str, module: str) -> bool:
    """Whether `package` is known to have `module`, or parts of it where that is a namespace."""
    known = _modules().get(package, ())
    return any(f"{module}.".startswith(f"{one}.") or one.startswith(f"{module}.") for one in known)


def is_namespace(module: str) -> bool:
    """Whether several packages put modules of theirs into `module`."""
    return any(one.startswith(f"{module}.") for one in _owners())


def is_known(package: str) -> bool:
    """Whether all top-level modules of `package` are known."""
    return package in _modules()


def usual_owner(module: str) -> str | None:
    """The package that people install for `module`, None where none is known."""
    usual: str | None = data_file("module_names")["usual"].get(module.partition(".")[0])
    known = owners(module)
    return usual or (next(iter(known)) if len(known) == 1 else None)


def come_with_tensorflow(minor: str) -> frozenset[str]:
    """The packages that TensorFlow `minor` ("2.15") may bring; of a version that is not known, what any one brings."""
    data = data_file("module_names")
    of: dict[str, list[str]] = data["with_tensorflow_of"]
    is_known = any(minor in minors for minors in of.values())
    some = {package for package, minors in of.items() if minor in minors or not is_known}
    return frozenset({*data["with_tensorflow"], *data["with_some_pythons_or_releases"], *some})


def come_with_horovod() -> frozenset[str]:
    """The packages that tfinfra adds for Horovod."""
    return frozenset(data_file("module_names")["with_horovod"])


def comes_with(package: str) -> frozenset[str] | None:
    """The packages that `package`, without extras, may bring, those of theirs too; None where that is not known."""
    brings: dict[str, list[str]] = data_file("module_names")["brings"]
    if package not in brings:
        return None
    found, waiting = set[str](), [package]
    while waiting:
        new = [one for one in brings.get(waiting.pop(), ()) if one not in found]
        found.update(new)
        waiting += new
    return frozenset(found)


def known_modules() -> frozenset[str]:
    """All modules whose package is known."""
    return frozenset(_owners())


@cache
def _modules() -> dict[str, list[str]]:
    data = data_file("module_names")
    return {**{name: [name.replace("-", "_")] for name in data["called_alike"]}, **data["others"]}


@cache
def _owners() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for package, modules in _modules().items():
        for module in modules:
            found.setdefault(module, set()).add(package)
    return {module: frozenset(packages) for module, packages in found.items()}
