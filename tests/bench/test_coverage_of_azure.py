"""What no test runs is named by function, and the list in the documents is read as it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.coverage_of_azure import LIST, ROOT, Function, by_function, is_listed, measured, named

SOURCE = """\
LIMIT = 3

def outer(x):
    def inner():
        return x
    return inner

class Pool:
    size = 1

    async def close(self):
        return None
"""


def test_a_line_belongs_to_its_function_or_method(tmp_path: Path) -> None:
    path = tmp_path / "m.py"
    path.write_text(SOURCE)
    found = {f.name: f.lines for f in by_function(path, [1, 5, 6, 9, 12])}
    assert found == {"": (1, 9), "outer": (5, 6), "Pool.close": (12,)}


ROWS = """
| file | functions | why no test runs them |
|---|---|---|
| `tfinfra/azure/a.py` | `one`, `Two.three` | only Azure answers so |
| `tfinfra/azure/b.py` | `Whole` | needs a GPU |
"""
LISTED: dict[str, tuple[str, str, bool]] = {
    "a function of the list": ("tfinfra/azure/a.py", "one", True),
    "a method of the list": ("tfinfra/azure/a.py", "Two.three", True),
    "another method of its class": ("tfinfra/azure/a.py", "Two.four", False),
    "a method of a class of the list": ("tfinfra/azure/b.py", "Whole.part", True),
    "a function of the same name elsewhere": ("tfinfra/azure/b.py", "one", False),
    "a module's own lines": ("tfinfra/azure/a.py", "", False),
}


@pytest.mark.parametrize(("file", "name", "listed"), LISTED.values(), ids=LISTED.keys())
def test_the_list_names_functions(file: str, name: str, listed: bool) -> None:
    assert is_listed(Function(file, name, (1,)), named(ROWS)) is listed


def test_the_documents_list_names_what_there_is() -> None:
    listed = named(LIST.read_text(encoding="utf-8"))
    assert listed
    files = {path.relative_to(ROOT).as_posix(): path for path in measured()}
    for file, names in listed.items():
        lines = range(1, len(files[file].read_text(encoding="utf-8").splitlines()) + 1)
        there = {f.name for f in by_function(files[file], lines)}
        classes = {name.partition(".")[0] for name in there}
        assert names.keys() <= there | classes
