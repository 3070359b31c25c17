"""Entry scripts that do nothing: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

ERROR, MAIN = ["error TFI530 train.py:1:1"], "def main():\n    print()\n"
TABLE: dict[str, tuple[dict[str, str | bytes], str, list[str]]] = {
    "no byte": ({"train.py": ""}, "", ERROR),
    "blank lines": ({"train.py": " \n\n\t\n"}, "", ERROR),
    "a byte order mark": ({"train.py": b"\xef\xbb\xbf"}, "", ERROR),
    "comments": ({"train.py": "#!/usr/bin/env python\n# TODO\n"}, "", ERROR),
    "a text about it, pass and dots": ({"train.py": '"""Trains."""\npass\n...\n'}, "", ERROR),
    "a package's __main__": (
        {"trainer/__main__.py": "", "trainer/__init__.py": ""},
        "entry_script: -m trainer\n",
        ["error TFI530 __main__.py:1:1"],
    ),
    "a module of no bytes that it imports": ({"train.py": "import a\nprint(a)\n", "a.py": ""}, "", []),
    "functions alone, which may be a module of names": ({"train.py": MAIN}, "", []),
    "one that is called": ({"train.py": f"{MAIN}if __name__ == '__main__':\n    main()\n"}, "", []),
    "one that is called where its value is kept": ({"train.py": f"{MAIN}code = main()\n"}, "", []),
    "one that a decorator gets": ({"train.py": f"import atexit\n@atexit.register\n{MAIN}"}, "", []),
    "no function, and nothing else": ({"train.py": "RATE = 1\n"}, "", []),
    "a module of its own, which may train": ({"train.py": f"import a\n{MAIN}", "a.py": "print()\n"}, "", []),
    "what a loop does": ({"train.py": f"{MAIN}for _ in range(2):\n    main()\n"}, "", []),
    "a program's name that is none": (
        {"train.py": f"{MAIN}if __name__ == 'main':\n    main()\n"},
        "",
        ["error TFI530 train.py:3:1"],
    ),
    "the same, and something else": ({"train.py": f"{MAIN}if __name__ == 'main':\n    main()\nmain()\n"}, "", []),
    "a name that is asked for, or else": (
        {"train.py": f"{MAIN}if __name__ == 'train':\n    pass\nelse:\n    main()\n"},
        "",
        [],
    ),
    "an error on purpose": ({"train.py": f"{MAIN}raise SystemExit\n"}, "", []),
}


@pytest.mark.parametrize(("files", "manifest", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, files: dict[str, str | bytes], manifest: str, expected: list[str]) -> None:
    found = said_of(tmp_path, files, manifest)
    assert in_short(found) == expected
    assert all(d.hint for d in found)
