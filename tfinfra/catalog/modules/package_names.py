"""What packages have inside, as far as it is known without them. Data and sources: data/tensorflow_names.json, which
`python -m tools.tensorflow_names` makes, and data/gone_names.json."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tfinfra.catalog.data_files import data_file
from tfinfra.catalog.tensorflow1_names import replacement, without_replacement


def gone(name: str, members: Collection[str]) -> tuple[str, str] | None:
    """What of `from name import …members` no release for a Python of today has, and where it is now."""
    rows: dict[str, str] = data_file("gone_names")["gone"]
    parts = name.split(".")
    names = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return next(((one, rows[one]) for one in [*names, *(f"{name}.{each}" for each in members)] if one in rows), None)


def not_of_tensorflow(name: str, members: Collection[str], minor: str) -> str | None:
    """The dotted name of the first that TensorFlow `minor` ("2.15") does not have, of what is neither Keras's nor a
    name of TensorFlow 1; None where it may have all, or nothing is known of that version."""
    top, *inner = name.split(".")
    if top != "tensorflow" or not (inner or members):  # most imports: the table is not loaded for them
        return None
    data = data_file("tensorflow_names")
    if minor not in data["versions"]:
        return None
    package = ""
    for part in inner:
        whole = f"{package}.{part}".lstrip(".")
        if package not in data["packages"]:
            return None
        if _lacks(package, part):
            return f"tensorflow.{whole}"
        package = whole
    lacking: Iterator[str] = (one for one in members if package in data["packages"] and _lacks(package, one))
    return next((f"{name}.{one}" for one in lacking), None)


def _lacks(package: str, name: str) -> bool:
    whole = ".".join(part for part in ("tensorflow", package, name) if part)
    if name == "*" or name.startswith("_") or replacement(whole) or without_replacement(whole):
        return False
    return name not in data_file("tensorflow_names")["packages"][package].split()
