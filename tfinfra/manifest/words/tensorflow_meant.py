"""Which TensorFlow other tools' words mean: a container's image, or packages that pip is told to install."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tfinfra.catalog.tensorflow import framework, frameworks, is_no_release
from tfinfra.manifest.key_schema import IMAGE

_IN_IMAGE = re.compile(r"tensorflow[^0-9]{0,12}(\d+\.\d+(?:\.\d+)?)(?![\d.])")
_PACKAGE = re.compile(r"(tensorflow(?:-[cg]pu)?|horovod)(?:\[[^\]]*\])?((?![\w.-]).*|)", re.IGNORECASE)
_CONTAINER = "a container's image has no equivalent: "


def container(value: Any) -> str | None:
    """What to write for a container's image; None for an image that a VM can have, and for what is no image."""
    if isinstance(value, Mapping):
        value = value.get("image")
    if not isinstance(value, str) or re.fullmatch(IMAGE, value):
        return None
    found = _IN_IMAGE.search(value.lower())
    version = trained(found[1]) if found else None
    packages = "its packages belong in pip_packages"
    return f"write framework_version: {version}; {packages}" if version else f"{_CONTAINER}{packages}"


def trained(version: str) -> str | None:
    """The release that `version` ("2.15", "2.15.0") means, None where the catalog has none such: all that it has train
    with the default Python."""
    known = framework(version)
    if known is None:
        return None
    return version if version.count(".") > 1 and not is_no_release(version) else known.patch


def installed(requirements: Iterable[str]) -> dict[str, Any] | None:
    """Packages for pip as keys of a manifest, TensorFlow and Horovod by the keys that bring them; None where another
    TensorFlow is wanted than any that trains with the default Python."""
    keys: dict[str, Any] = {}
    others: list[str] = []
    for one in requirements:
        found = _PACKAGE.fullmatch(one.strip())
        if found is None:
            others.append(one)
        elif found[1].lower() == "horovod":
            keys["distributed_backend"] = "mpi"
        elif found[2]:
            version = _fitting(found[2])
            if version is None:
                return None
            keys["framework_version"] = version
    return {**keys, **({"pip_packages": others} if others else {})}


def _fitting(specifier: str) -> str | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    if pinned := re.fullmatch(r"==\s*(\d+\.\d+(?:\.\d+)?)(?:\.\*)?", specifier.strip()):
        return trained(pinned[1])
    try:
        wanted = SpecifierSet(specifier)
    except InvalidSpecifier:
        return None
    fitting = (release for one in reversed(frameworks()) for release in reversed(one.releases))
    return next((each for each in fitting if wanted.contains(each) and trained(each)), None)
