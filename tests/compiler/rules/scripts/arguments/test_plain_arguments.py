"""script_params against scripts that read the words of their command line by number: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of, status_of

READS = "import sys\nprint(sys.argv[0])\nprint(sys.argv[1], int(sys.argv[2]))\n"
TABLE: dict[str, tuple[str, str, list[str]]] = {
    "no word": (READS, "", ["reads sys.argv[2] (train.py:3), and script_params give no word"]),
    "one word": (READS, "{data: }", ["script_params give one word"]),
    "two words": (READS, "{data: , '3': }", []),
    "a flag and its value": (READS, "{--rate: 3}", []),
    "in main, which is called": (
        "import sys\ndef main():\n    print(sys.argv[1])\nif __name__ == '__main__':\n    main()\n",
        "",
        ["reads sys.argv[1] (train.py:3)"],
    ),
    "another name of the module": ("import sys as s\nprint(s.argv[1])\n", "{a: }", []),
    "where its length is asked": ("import sys\nif len(sys.argv) > 1: print(sys.argv[1])\n", "", []),
    "where an error is caught": ("import sys\ntry:\n    x = sys.argv[1]\nexcept IndexError:\n    x = ''\n", "", []),
    "in a function that nobody calls": ("import sys\ndef f():\n    return sys.argv[1]\n", "", []),
    "the last one": ("import sys\nprint(sys.argv[-1])\n", "", []),
    "all but the first": ("import sys\nprint(sys.argv[1:])\n", "", []),
    "where words are added": ("import sys\nsys.argv.append('x')\nprint(sys.argv[1])\n", "", []),
    "where another word is set": ("import sys\nsys.argv = ['a', 'b']\nprint(sys.argv[1])\n", "", []),
    "where others may change it": ("import sys\nargs = sys.argv\nargs += ['x']\nprint(sys.argv[1])\n", "", []),
}


@pytest.mark.parametrize(("script", "given", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    found = said_of(tmp_path, {"train.py": script}, f"script_params: {given}\n" if given else "")
    assert [d.code for d in found] == ["TFI511"] * len(expected), [d.message for d in found]
    assert all(words in d.message for words, d in zip(expected, found, strict=True)), [d.message for d in found]


@pytest.mark.parametrize("sentence", [sentence for sentence, row in TABLE.items() if not row[1]])
def test_python_agrees(tmp_path: Path, sentence: str) -> None:
    (tmp_path / "train.py").write_text(TABLE[sentence][0])
    if TABLE[sentence][2]:
        with pytest.raises(IndexError):
            status_of(tmp_path / "train.py", [])
    else:
        assert status_of(tmp_path / "train.py", []) == 0
