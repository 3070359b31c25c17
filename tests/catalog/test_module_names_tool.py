"""The tool that renews what is known of packages, by a wheel and an index that this machine plays."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from tfinfra.catalog.data_files import data_file
from tools.module_names import TARGET, Remote, brought, modules_in, renewed, unknown, written

FILES = {
    "a package and a module": (["alpha/__init__.py", "alpha/inner.py", "lone.py"], ["alpha", "lone"]),
    "a compiled one": (["fast.cpython-311-x86_64-linux-gnu.so"], ["fast"]),
    "a namespace": (["google/one/__init__.py", "google/one/x.py", "google/two.py"], ["google.one", "google.two"]),
    "tests that nobody imports": (["alpha/__init__.py", "tests/__init__.py", "tests/test_a.py"], ["alpha"]),
    "no module": (["alpha.pth", "data/x.json"], []),
}


@pytest.mark.parametrize(("names", "modules"), FILES.values(), ids=FILES)
def test_a_wheel_has_the_modules_that_its_list_says(names: list[str], modules: list[str]) -> None:
    wheel, asked = wheel_of(names)
    assert modules_in(wheel) == modules
    assert sum(asked) < 5000, "the payload itself is not fetched"


def wheel_of(names: list[str]) -> tuple[Remote, list[int]]:
    """A wheel with a large file in it, read in parts; the sizes of the parts that were asked for."""
    file, asked = io.BytesIO(), list[int]()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("alpha.libs/large.so.1", bytes(1_000_000))
        archive.writestr("alpha-1.0.dist-info/RECORD", "".join(f"{name},sha256=x,1\n" for name in names))
    data = file.getvalue()

    def part(start: int, end: int) -> bytes:
        asked.append(end - start)
        return data[start:end]

    return Remote(len(data), part), asked


def test_what_a_release_brings_are_its_needs_without_extras() -> None:
    lines = ["NumPy>=1.2", "six ; python_version < '3'", "pytest; extra == 'test'", "a.b[x]>1; sys_platform=='win32'"]
    assert brought(lines) == ["a-b", "numpy", "six"]


DATA = {
    "brings": {"beta": ["six"]},
    "called_alike": ["beta", "six"],
    "others": {"pillow": ["PIL"]},
}
RENEWED = {
    "a new package that is called as its module": (
        ("alpha-x", ["alpha_x"], []),
        {"brings": {"alpha-x": [], "beta": ["six"]}, "called_alike": ["alpha-x", "beta", "six"]},
    ),
    "a new one that is not": (
        ("alpha", ["al", "pha"], ["six"]),
        {"brings": {"alpha": ["six"], "beta": ["six"]}, "others": {"alpha": ["al", "pha"], "pillow": ["PIL"]}},
    ),
    "one that needs something else today": (("beta", ["beta"], ["attrs"]), {"brings": {"beta": ["attrs", "six"]}}),
    "one with one module more": (
        ("beta", ["beta", "gamma"], []),
        {"called_alike": ["six"], "others": {"beta": ["beta", "gamma"], "pillow": ["PIL"]}},
    ),
}


@pytest.mark.parametrize(("found", "changed"), RENEWED.values(), ids=RENEWED)
def test_what_is_new_is_added(found: tuple[str, list[str], list[str]], changed: dict[str, object]) -> None:
    assert renewed(DATA, *found) == {**DATA, **changed}


def test_what_is_brought_and_not_known_is_told() -> None:
    assert unknown({**DATA, "brings": {"beta": ["six", "attrs"]}}) == ["attrs"]


def test_the_file_is_as_the_tool_writes_it() -> None:
    text = TARGET.read_text("utf-8")
    assert text == written(json.loads(text))
    assert json.loads(text) == data_file("module_names")
    assert unknown(json.loads(text)) == []
