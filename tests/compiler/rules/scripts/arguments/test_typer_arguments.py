"""script_params against functions that Typer makes a command of: each by a sentence. What is said was held against
Typer itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of

TYPER = (
    "from enum import Enum\nfrom typing import List, Optional\n\nimport typer\n\n\n"
    "class Mode(str, Enum):\n    fast = 'fast'\n    slow = 'slow'\n\n\n"
    "def main(\n    epochs: int = 1,\n    lr: float = typer.Option(0.1, '--lr', '-l'),\n    verbose: bool = False,\n"
    "    data_dir: Optional[str] = None,\n    mode: Mode = Mode.fast,\n    tag: List[str] = typer.Option([]),\n"
    "    loud: int = typer.Option(0, '-v', count=True),\n):\n    print(epochs)\n\n\n"
    "if __name__ == '__main__':\n    typer.run(main)\n"
)
APP = TYPER.replace("def main", "app = typer.Typer(help='Trains.')\n\n\n@app.command()\ndef main").replace(
    "typer.run(main)", "app()"
)
WORD = "import typer\ndef main(data: str, n: int = 1): pass\ntyper.run(main)\n"
NEEDS = "import typer\ndef main(n: int = typer.Option(...)): pass\ntyper.run(main)\n"
NOTED = (
    "import typer\nfrom typing import Annotated\n"
    "def main(n: Annotated[int, typer.Option('--number')], on: Annotated[bool, typer.Option('--on')] = False): pass\n"
    "typer.run(main)\n"
)
TABLE: dict[str, tuple[str, str, list[str]]] = {
    "all is well": (
        TYPER,
        "{--epochs: 3, -l: 1, --no-verbose: , --data-dir: x, --mode: slow, --tag: a, -v: }",
        [],
    ),
    "the same of an app": (APP, "{--epochs: 3, --lr: 1, --verbose: , --mode: slow}", []),
    "an option that is not known": (TYPER, "{--epoch: 3}", ["Typer command (train.py) knows no --epoch"]),
    "one with the underscore of its parameter": (TYPER, "{--data_dir: x}", ["knows no --data_dir"]),
    "the same of an app, again": (APP, "{--epoch: 3}", ["knows no --epoch"]),
    "a flag with a value": (TYPER, "{--verbose: true}", ["--verbose takes no value (train.py:15)"]),
    "a text for a number": (TYPER, "{--epochs: many}", ["--epochs: 'many' is not a valid integer"]),
    "a choice that is none": (TYPER, "{--mode: quick}", ["--mode: 'quick' is not one of"]),
    "no value where one is wanted": (TYPER, "{--lr: }", ["--lr: Option '--lr' requires an argument"]),
    "one that is counted": (TYPER, "{-v: 3}", ["-v takes no value (train.py:19)"]),
    "a word that has to stand there": (WORD, "{--n: 2}", ["requires data (train.py:2)"]),
    "a word that stands there": (WORD, "{a/b: }", []),
    "an option that is required": (NEEDS, "", ["requires --n (train.py:2)"]),
    "a variable where a number is wanted": (NEEDS, "{--n: '${TFINFRA_SHARD_COUNT}'}", []),
    "one that the environment may have": (NEEDS.replace("...", "..., envvar='N'"), "", []),
    "an annotation with the option in it": (NOTED, "{--number: 3, --on: }", []),
    "the same, by its parameter's name": (NOTED, "{--number: 3, --n: 3, --no-on: }", ["no --n", "no --no-on"]),
    "two commands": (APP.replace("if __name__", "@app.command()\ndef go(): pass\n\n\nif __name__"), "{--foo: 1}", []),
    "a callback beside the command": (
        APP.replace("if __name__", "@app.callback()\ndef first(): pass\n\n\nif __name__"),
        "{--foo: 1}",
        [],
    ),
    "a command that takes all": (
        APP.replace("command()", "command(context_settings={'ignore_unknown_options': True})"),
        "{--foo: 1}",
        [],
    ),
    "a parser of its own": (NEEDS.replace("...", "..., parser=len"), "{--n: many}", []),
    "an annotation that cannot be told": (NEEDS.replace("n: int", "n: Number"), "{--n: many}", []),
    "an app that nobody calls": (APP.replace("    app()", "    pass"), "{--foo: 1}", []),
    "a command line of its own": (APP.replace("    app()", "    app(['--epochs', '2'])"), "{--foo: 1}", []),
    "a changed command line": (f"import sys\nsys.argv[1:] = []\n{TYPER}", "{--foo: 1}", []),
    "options by a decorator of its own": (TYPER.replace("def main", "@print\ndef main"), "{--foo: 1}", []),
}


@pytest.mark.parametrize(("script", "given", "expected"), TABLE.values(), ids=TABLE)
def test_what_is_said(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    manifest = "pip_packages: [typer]\n" + (f"script_params: {given}\n" if given else "")
    found = said_of(tmp_path, {"train.py": script}, manifest)
    assert [d.code for d in found] == ["TFI511"] * len(expected), [d.message for d in found]
    assert all(words in d.message for words, d in zip(expected, found, strict=True)), [d.message for d in found]
    assert all(d.is_error and d.hint and d.position for d in found)
