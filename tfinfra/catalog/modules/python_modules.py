"""The modules that Python itself brings, by its version. Data and source: data/python_modules.json."""

from __future__ import annotations

from tfinfra.catalog.data_files import data_file


def brings(module: str, python: str) -> bool:
    """Whether Python `python` ("3.11", "3.12.4") brings the top-level `module` on Linux; a name that begins with "_" is
    taken for its own."""
    data, version = data_file("python_modules"), _numbers(python)
    if module in data["always"] or (module.startswith("_") and module not in data["of_python_2"]):
        return True
    since, until = data["since"].get(module), last_with(module)
    return bool((since and version >= _numbers(since)) or (until and version <= _numbers(until)))


def last_with(module: str) -> str | None:
    """The last version of Python that brings a module which newer ones do not have; None for any other module."""
    found: str | None = data_file("python_modules")["until"].get(module)
    return found


def since_python_3(module: str) -> str | None:
    """What a module of Python 2 is called in Python 3, None for any other module."""
    found: str | None = data_file("python_modules")["of_python_2"].get(module)
    return found


def is_of_windows(module: str) -> bool:
    return module in data_file("python_modules")["windows"]


def _numbers(version: str) -> tuple[int, int]:
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (3, 11)
