"""Scripts of more modules than are looked into: their imports are followed all the same, and what is not checked is
told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of
from tfinfra.compiler.source.modules import read_modules

TOLD = "notice TFI527 m.yaml:1:15"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three modules are looked into, and three skimmed."""
    monkeypatch.setattr(read_modules, "_MOST_MODULES", 3)
    monkeypatch.setattr(read_modules, "_MOST_SKIMMED", 3)


def chain(last: str, length: int, **more: str) -> dict[str, str]:
    """train.py imports m1, which imports m2, and so on; the last one holds `last`."""
    files = {f"m{n}.py": f"import m{n + 1}\n" for n in range(1, length)}
    return {"train.py": "import m1\n", **files, f"m{length}.py": last, **more}


TABLE: dict[str, tuple[dict[str, str], str, list[str]]] = {
    "no more than are looked into": (chain("x = 1\n", 2), "", []),
    "a few more": (chain("x = 1\n", 4), "", [TOLD]),
    "a module that is missing in its package": (
        chain("import p.b\n", 3, **{"p/__init__.py": ""}),
        "",
        ["error TFI509 m3.py:1:1", TOLD],
    ),
    "a package that nothing brings": (chain("import pandas\n", 4), "", ["error TFI510 m4.py:1:1", TOLD]),
    "the same in a function": (
        chain("def f():\n    import pandas\nf()\n", 4),
        "",
        ["warning TFI510 m4.py:2:5", TOLD],
    ),
    "tried": (chain("try:\n    import pandas\nexcept ImportError:\n    pass\n", 4), "", [TOLD]),
    "a folder from elsewhere on sys.path": (
        chain("import sys\nsys.path.append('/opt/lib')\nimport pandas\n", 4),
        "",
        [TOLD],
    ),
    "more than are skimmed": (chain("import pandas\n", 6), "", [TOLD]),
    "a parser beyond": (
        chain("def more(parser):\n    parser.add_argument('--b')\n", 4)
        | {"train.py": "import m1\nimport argparse\np = argparse.ArgumentParser()\np.parse_args()\n"},
        "script_params: {--b: 1}\n",
        [TOLD],
    ),
    "a module that does not travel": (
        chain("x = 1\n", 4, **{".gitignore": "m3.py\n"}),
        "",
        ["error TFI337 m2.py:1:1", TOLD],
    ),
}


@pytest.mark.parametrize(("files", "manifest", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, files: dict[str, str], manifest: str, expected: list[str]) -> None:
    found = said_of(tmp_path, files, manifest)
    assert sorted(in_short(found)) == sorted(expected), [d.message for d in found]


def test_what_was_not_checked_is_counted(tmp_path: Path) -> None:
    (told,) = said_of(tmp_path, chain("x = 1\n", 6))
    assert told.message == (
        "of 3 more modules that the script imports, the imports alone are checked, and of 1 nothing; "
        "so no import is held against the packages"
    )


def test_a_module_that_is_reached_twice_is_read_once(tmp_path: Path) -> None:
    files = chain("import m1\nimport m5\n", 5)
    files["m4.py"] += "import m1\nimport m4\n"
    assert in_short(said_of(tmp_path, files)) == [TOLD]
