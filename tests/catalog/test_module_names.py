"""What packages bring, as far as the table says: never less than is needed to call a module missing."""

from __future__ import annotations

import pytest

from tfinfra.catalog.data_files import data_file
from tfinfra.catalog.modules.module_names import comes_with, is_known
from tfinfra.compiler.environment_modules import of_requirements
from tfinfra.model import PackageSources, Requirements


def test_of_all_that_a_known_package_brings_the_modules_are_known() -> None:
    brings = data_file("module_names")["brings"]
    assert {
        name for package in brings for name in (package, *(comes_with(package) or ())) if not is_known(name)
    } == set()
    assert {name for names in brings.values() for name in names} - {*brings} <= {
        *(
            "aiocontextvars",
            "astor",
            "attrs",
            "cached-property",
            "certifi",
            "chardet",
            "charset-normalizer",
            "gast",
            "graphlib-backport",
            "idna",
            "nvidia-nccl-cu12",
        ),
        *("setuptools", "setuptools-scm", "tensorflow", "wheel", "win32-setctime", "wrapt"),
    }, "each of these brings nothing more, or TensorFlow brings it"


def needs(*pip: str, **more: object) -> Requirements:
    values = {"framework_version": "2.15.1", "python_version": "3.11", "horovod": False, "gpu": False, **more}
    return Requirements(pip=pip, **values)  # type: ignore[arg-type]


KNOWN = {
    "nothing beside TensorFlow": (needs(), False),
    "a well-known package": (needs("Pandas~=2.0"), False),
    "with a hash": (needs("pandas==2.0.0 --hash=sha256:00"), False),
    "with a marker": (needs("pandas; python_version > '3'"), False),
    "one that nobody knows": (needs("pandas", "mine"), None),
    "with extras": (needs("pandas[excel]"), None),
    "by a URL": (needs("pandas @ https://a.example/p.whl"), None),
    "by a wheel": (needs("./pandas-2.0-py3-none-any.whl"), None),
    "from another index": (needs("pandas", sources=PackageSources("https://a.example/simple")), None),
    "conda's": (needs(conda=("pandas",)), None),
}


@pytest.mark.parametrize(("requirements", "told"), KNOWN.values(), ids=KNOWN)
def test_before_there_is_a_lock_a_module_is_missing_only_where_that_is_certain(
    requirements: Requirements, told: bool | None
) -> None:
    known = of_requirements(requirements)
    assert known.provides("sklearn") is told
    assert known.provides("numpy") is True
