"""What no test runs is named by function, and the list in the documents is read as it is written."""

from __future__ import annotations

import re

import pytest

from bench.coverage_of_azure import LIST, ROOT, Function, by_function, idle, is_listed, measured, named

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


def test_a_line_belongs_to_its_function_or_method() -> None:
    found = {f.name: f.lines for f in by_function("m.py", SOURCE, [1, 5, 6, 9, 12])}
    assert found == {"": (1, 9), "outer": (5, 6), "Pool.close": (12,)}


ENTRIES = """
What no test runs:

- `tfinfra/azure/a.py`: `one`,
  `Two.three`: only Azure
  answers so
- `tfinfra/azure/b.py`: `Whole`: needs a GPU
- **ARM** (`azure/`): the local ARM
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
    assert is_listed(Function(file, name, (1,)), named(ENTRIES)) is listed


def test_an_entry_whose_lines_all_ran_is_reported() -> None:
    found = [Function("tfinfra/azure/a.py", "one", (1,)), Function("tfinfra/azure/b.py", "Whole.part", (2,))]
    assert list(idle(found, named(ENTRIES))) == [("tfinfra/azure/a.py", "Two.three")]


def test_an_entry_goes_on_over_lines() -> None:
    assert named(ENTRIES) == {
        "tfinfra/azure/a.py": {"one": "only Azure answers so", "Two.three": "only Azure answers so"},
        "tfinfra/azure/b.py": {"Whole": "needs a GPU"},
    }


def test_every_file_that_is_counted_exists() -> None:
    assert [path for path in measured() if not path.is_file()] == []


def test_the_documents_list_names_what_there_is() -> None:
    text = LIST.read_text(encoding="utf-8")
    listed = named(text)
    assert text.count("\n- `tfinfra/") == text.count("\n- `tfinfra/", text.index("## Lines that no test runs"))
    assert set(re.findall(r"^- `(tfinfra/[\w/.]+)`", text, re.MULTILINE)) == listed.keys()
    files = {path.relative_to(ROOT).as_posix(): path for path in measured()}
    for file, names in listed.items():
        source = files[file].read_text(encoding="utf-8")
        there = {f.name for f in by_function(file, source, range(1, len(source.splitlines()) + 1))}
        classes = {name.partition(".")[0] for name in there}
        assert names.keys() <= there | classes
