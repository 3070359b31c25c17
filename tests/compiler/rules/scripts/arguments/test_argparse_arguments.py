"""script_params against the script's own parser, and against what Python makes of them: each by a sentence."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of, status_of
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import TfinfraError

HEAD = "import argparse\nimport sys\np = argparse.ArgumentParser()\n"
PLAIN = (
    HEAD + "p.add_argument('--epochs', '-e', type=int, default=1)\np.add_argument('--lr', type=float)\n"
    "p.add_argument('--verbose', action='store_true')\np.add_argument('--mode', choices=['fast', 'slow'])\n"
    "p.add_argument('--on', action=argparse.BooleanOptionalAction)\np.add_argument('--sizes', nargs='+', type=int)\n"
)
END = "args = p.parse_args()\n"
KNOWN = "args, rest = p.parse_known_args()\n"
COMMANDS = (
    HEAD + "p.add_argument('--seed', type=int)\ns = p.add_subparsers(dest='what', required=True)\n"
    "t = s.add_parser('train', aliases=['fit'])\nt.add_argument('--lr', type=float)\n"
    "g = t.add_mutually_exclusive_group()\ng.add_argument('--a', action='store_true')\n"
    "g.add_argument('--b', action='store_true')\nt.set_defaults(run=print)\n"
    "e = s.add_parser('eval', help='judge')\ne.add_argument('model')\ne.add_argument('--lr')\n"
)
PARAMS = "script_params:"
FUNCTION = (
    "import argparse\ndef get():\n    p = argparse.ArgumentParser()\n    p.add_argument('--n', type=int)\n"
    "    return p.parse_args()\ndef main():\n    args = get()\nif __name__ == '__main__':\n    main()\n"
)
PARAMETER = FUNCTION.replace("get():", "get(argv=None):").replace("parse_args()", "parse_args(argv)")

TABLE: dict[str, tuple[str, str, list[str]]] = {
    "all is well": (PLAIN + END, "{--epochs: 3, --lr: 1e-3, --verbose: , --mode: fast, --on: , --sizes: [1, 2]}", []),
    "a short name, an abbreviation, an equals sign": (PLAIN + END, "{-e: 3, --verb: , '--lr=0.1': , -e3: }", []),
    "a bare flag with a value": (PLAIN + END, "{--verbose: true}", ["--verbose takes no value (train.py:6)"]),
    "the same by an abbreviation": (PLAIN + END, "{--verb: 1}", ["--verb takes no value (train.py:6)"]),
    "the same with an equals sign": (PLAIN + END, "{'--verbose=true': }", ["--verbose takes no value (train.py:6)"]),
    "a flag that is on or off": (PLAIN + END, "{--on: false}", ["--on takes no value (train.py:8)"]),
    "one that is required, and refused": (
        HEAD + "p.add_argument('--n', type=int, required=True)\n" + END,
        "{--n: ten}",
        ["--n: invalid int value: 'ten'"],
    ),
    "one that is required, and only the task knows": (
        HEAD + "p.add_argument('--n', choices=['1', '2'], required=True)\n" + END,
        "{--n: '${TFINFRA_SHARD_COUNT}'}",
        [],
    ),
    "one refused, and another missing": (
        HEAD + "p.add_argument('--n', type=int, required=True)\np.add_argument('--m', required=True)\n" + END,
        "{--n: ten}",
        ["--n: invalid int value: 'ten'"],
    ),
    "an argument that is not known": (PLAIN + END, "{--epoch_count: 3}", ["knows no --epoch_count"]),
    "a text for a number": (PLAIN + END, "{--epochs: three}", ["--epochs: invalid int value: 'three'"]),
    "a fraction for a whole number": (PLAIN + END, "{--epochs: 1.5}", ["--epochs: invalid int value: '1.5'"]),
    "one of a list that is no number": (PLAIN + END, "{--sizes: [1, x]}", ["--sizes: invalid int value: 'x'"]),
    "a choice that is none": (PLAIN + END, "{--mode: quick}", ["--mode: 'quick' is none of fast, slow"]),
    "no value where one is wanted": (PLAIN + END, "{--lr: }", ["--lr: expected one argument"]),
    "a value that looks like a flag": (PLAIN + END, "{--mode: -x}", ["--mode: expected one argument"]),
    "a negative number": (PLAIN + END, "{--lr: -0.5}", []),
    "two values for one": (PLAIN + END, "{--lr: [1, 2]}", ["--lr takes fewer values"]),
    "several at once": (
        PLAIN + END,
        "{--epochs: x, --foo: 1, --verbose: 1}",
        ["--epochs", "knows no --foo", "--verbose"],
    ),
    "what is not known, where that is no matter": (PLAIN + KNOWN, "{--foo: 3, --verbose: }", []),
    "what is known, there": (PLAIN + KNOWN, "{--epochs: x}", ["--epochs: invalid"]),
    "a required one that is missing": (
        HEAD + "p.add_argument('--data', required=True)\n" + END,
        "",
        ["requires --data (train.py:4)"],
    ),
    "a required one that is there": (
        HEAD + "p.add_argument('--data', required=True)\n" + END,
        "{--data: '${TFINFRA_OUTPUTS}'}",
        [],
    ),
    "a word that has to stand there": (HEAD + "p.add_argument('data')\n" + END, "", ["requires data (train.py:4)"]),
    "a word that stands there": (HEAD + "p.add_argument('data')\n" + END, "{a/b: }", []),
    "a variable where a number is wanted": (PLAIN + END, "{--epochs: '${TFINFRA_SHARD_COUNT}'}", []),
    "a function of the script's own": (HEAD + "p.add_argument('--n', type=lambda x: x)\n" + END, "{--n: y}", []),
    "in a function that main calls": (FUNCTION, "{--n: y}", ["--n: invalid int value: 'y'"]),
    "by a parameter that nobody gives": (
        PARAMETER,
        "{--n: y}",
        ["--n: invalid int value: 'y'"],
    ),
    "by a parameter that somebody gives": (
        FUNCTION.replace("get():", "get(argv=None):")
        .replace("parse_args()", "parse_args(argv)")
        .replace("get()", "get([])"),
        "{--n: y}",
        [],
    ),
    "in a function that nobody calls": (FUNCTION.replace("    main()\n", "    pass\n"), "{--n: y}", []),
    "in groups": (
        HEAD + "g = p.add_argument_group('a')\ng.add_argument('--a')\n"
        "x = p.add_mutually_exclusive_group()\nx.add_argument('--b', action='store_true')\n"
        "x.add_argument('--c', action='store_true')\n" + END,
        "{--a: 1, --b: , --c: }",
        ["--c: not allowed with argument --b"],
    ),
    "in a loop": (HEAD + "for n in 'ab':\n    p.add_argument('--' + n)\n" + END, "{--a: 1}", []),
    "under a condition": (HEAD + "if len(sys.path):\n    p.add_argument('--a')\n" + END, "{--a: 1}", []),
    "by a function that gets the parser": (
        "def more(q):\n    q.add_argument('--a')\n" + HEAD + "more(p)\n" + END,
        "{--a: 1}",
        [],
    ),
    "by a method that is taken for itself": (HEAD + "add = p.add_argument\nadd('--a')\n" + END, "{--a: 1}", []),
    "by a group that has no name": (HEAD + "p.add_argument_group('g').add_argument('--a')\n" + END, "{--a: 1}", []),
    "from parents": (
        "import argparse\nq = argparse.ArgumentParser(add_help=False)\nq.add_argument('--a')\n"
        "p = argparse.ArgumentParser(parents=[q])\n" + END,
        "{--a: 1}",
        [],
    ),
    "a command with its own arguments": (COMMANDS + END, "{--seed: 1, train: , --lr: 0.1, --a: }", []),
    "a command by its alias": (COMMANDS + END, "{fit: , --lr: 0.1}", []),
    "another command with a word of its own": (COMMANDS + END, "{eval: , --lr: fast, model.h5: }", []),
    "a command that is none": (COMMANDS + END, "{trian: , --lrr: 1}", ["'trian' is no command of the script's parser"]),
    "an argument that the command does not know": (COMMANDS + END, "{train: , --lrr: 1}", ["knows no --lrr"]),
    "an argument of another command's type": (COMMANDS + END, "{train: , --lr: fast}", ["--lr: invalid float value"]),
    "two that exclude each other in a command": (COMMANDS + END, "{train: , --a: , --b: }", ["--b: not allowed"]),
    "a word that the command lacks": (COMMANDS + END, "{eval: }", ["requires model"]),
    "no command where one is required": (COMMANDS + END, "{--seed: 1}", ["requires a command: train, fit, eval"]),
    "no command where none is required": (COMMANDS.replace(", required=True", "") + END, "{--seed: 1}", []),
    "one that is required later": (
        COMMANDS.replace(", required=True", "") + "s.required = True\n" + END,
        "{--seed: x}",
        ["requires a command", "--seed: invalid int value"],
    ),
    "the script's own argument behind the command": (
        COMMANDS + END,
        "{train: , --seed: 1}",
        ["--seed stands behind the command 'train'"],
    ),
    "commands that a function adds to": (
        COMMANDS + "def more(q):\n    q.add_argument('--more')\nmore(t)\n" + END,
        "{train: , --more: 1}",
        [],
    ),
    "commands of commands": (
        COMMANDS + "d = e.add_subparsers()\nf = d.add_parser('x')\nf.add_argument('--y')\n" + END,
        "{eval: , m: , x: , --y: 1}",
        [],
    ),
    "commands of one name after another": (
        COMMANDS + "t = s.add_parser('stop')\nt.add_argument('--more')\n" + END,
        "{stop: , --more: 1}",
        [],
    ),
    "words out of a file": (
        "import argparse\np = argparse.ArgumentParser(fromfile_prefix_chars='@')\n" + END.replace("()", "([])"),
        "{'@file': }",
        [],
    ),
    "a command line of the script's own": (PLAIN + "args = p.parse_args(['--epochs', '2'])\n", "{--foo: 1}", []),
    "a changed command line": ("import sys\nsys.argv[1:] = []\n" + PLAIN + END, "{--foo: 1}", []),
    "an action of the script's own": (
        "import argparse\nclass A(argparse.Action):\n    def __call__(self, *a): pass\n"
        "p = argparse.ArgumentParser()\np.add_argument('--a', nargs=0, action=A)\n" + END,
        "{--a: }",
        [],
    ),
    "no abbreviations": (
        "import argparse\np = argparse.ArgumentParser(allow_abbrev=False)\np.add_argument('--epochs')\n" + END,
        "{--ep: 1}",
        ["knows no --ep"],
    ),
    "an abbreviation of two": (
        HEAD + "p.add_argument('--aa')\np.add_argument('--ab')\n" + END,
        "{--a: 1}",
        ["--a may be"],
    ),
    "help ends the script well": (PLAIN + END, "{--help: }", []),
}


def test_an_argument_with_room_for_more_words_than_there_are_is_not_judged(tmp_path: Path) -> None:
    script = f"{HEAD}p.add_argument('--n', nargs={10**12})\n{END}"
    assert said_of(tmp_path, {"train.py": script}, f"{PARAMS} {{--n: 1}}\n") == ()


@pytest.mark.parametrize(("script", "given", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    found = said_of(tmp_path, {"train.py": script}, f"{PARAMS} {given}\n" if given else "")
    assert [d.code for d in found] == ["TFI511"] * len(expected), [d.message for d in found]
    assert all(words in d.message for words, d in zip(expected, found, strict=True)), [d.message for d in found]
    assert all(d.is_error and d.hint and d.position for d in found)


@pytest.mark.parametrize(("script", "given", "expected"), TABLE.values(), ids=TABLE.keys())
def test_python_agrees(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    """What is refused ends with argparse's exit status, and nothing else does."""
    (tmp_path / "file").touch()
    (tmp_path / "train.py").write_text(script)
    accepted = re.sub(r"\$\{TFINFRA_SHARD_COUNT\}", "1", given)
    (tmp_path / "m.yaml").write_text("entry_script: plain.py\n" + (f"{PARAMS} {accepted}\n" if given else ""))
    (tmp_path / "plain.py").write_text("print()\n")
    words = check_manifest(load_project(tmp_path / "m.yaml")).spec.arguments
    assert status_of(tmp_path / "train.py", words) == (2 if expected else 0)


OPTIONS = FUNCTION.replace("    args = get()\n", "    pass\n")
ACROSS: dict[str, tuple[str, str, list[str]]] = {
    "a function of another module": ("from options import get\nget()\n", OPTIONS, ["--n: invalid int value: 'y'"]),
    "the same by the module": ("import options as o\no.get()\n", OPTIONS, ["--n: invalid int value: 'y'"]),
    "the same in main": (
        "import options\ndef main():\n    options.get()\nif __name__ == '__main__':\n    main()\n",
        OPTIONS,
        ["--n: invalid int value: 'y'"],
    ),
    "one that is called under a condition": ("import options\nif len(str()):\n    options.get()\n", OPTIONS, []),
    "one that is given words": (
        "import options\noptions.get([])\n",
        OPTIONS.replace("get():", "get(argv=None):").replace("parse_args()", "parse_args(argv)"),
        [],
    ),
    "one of the same name": ("from options import other\ndef get():\n    pass\nget()\n", OPTIONS + "other = 1\n", []),
}


@pytest.mark.parametrize(("script", "options", "expected"), ACROSS.values(), ids=ACROSS)
def test_what_is_said_of_a_parser_in_another_module(
    tmp_path: Path, script: str, options: str, expected: list[str]
) -> None:
    files = {"train.py": script, "options.py": options}
    assert [d.message for d in said_of(tmp_path, files, f"{PARAMS} {{--n: y}}\n")] == expected
    words = [sys.executable, "-S", str(tmp_path / "train.py"), "--n", "y"]
    assert subprocess.run(words, check=False, capture_output=True).returncode == (2 if expected else 0)


CONTRARY = {
    "argparse's bool": (HEAD + "p.add_argument('--tpu', type=bool)\n" + END, "{--tpu: false}", True),
    "argparse's bool, true": (HEAD + "p.add_argument('--tpu', type=bool)\n" + END, "{--tpu: true}", False),
    "absl": ("from absl import flags\nflags.DEFINE_boolean('tpu', False, '')\n", "{--tpu: false}", True),
    "absl, by an equals sign": (
        "from absl import flags\nflags.DEFINE_boolean('tpu', 0, '')\n",
        "{'--tpu=false': }",
        False,
    ),
    "absl's text": ("from absl import flags\nflags.DEFINE_string('tpu', '', '')\n", "{--tpu: false}", False),
}


@pytest.mark.parametrize(("script", "given", "warned"), CONTRARY.values(), ids=CONTRARY.keys())
def test_false_that_means_true(tmp_path: Path, script: str, given: str, warned: bool) -> None:
    found = said_of(tmp_path, {"train.py": script}, f"{PARAMS} {given}\n")
    assert [(d.code, d.is_error) for d in found] == ([("TFI514", False)] if warned else [])


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("{--verbose: true}", "write `--verbose:` alone"),
        ("{--verbose: false}", "leave the flag out"),
        ("{--on: false}", "write `--no-on:`"),
        ("{--epochz: 1}", "did you mean '--epochs'?"),
        ("{--mode: fsat}", "did you mean 'fast'?"),
        ("{--mode: -x}", "a value that begins with '-' is written `--mode=-x:`"),
    ],
)
def test_the_way_out(tmp_path: Path, given: str, hint: str) -> None:
    (found,) = said_of(tmp_path, {"train.py": PLAIN + END}, f"{PARAMS} {given}\n")
    assert found.hint == hint


def test_a_parser_that_is_wrong_itself_is_not_judged(tmp_path: Path) -> None:
    script = HEAD + "p.add_argument('--a')\np.add_argument('--a')\n" + END
    (tmp_path / "train.py").write_text(script)
    (tmp_path / "m.yaml").write_text("entry_script: train.py\nscript_params: {--a: 1}\n")
    try:
        found = check_manifest(load_project(tmp_path / "m.yaml")).diagnostics
    except TfinfraError as error:
        found = error.diagnostics
    assert found == ()


@pytest.mark.parametrize(("length", "codes"), [(131_071, []), (131_072, ["TFI515"])])
def test_a_text_that_no_program_can_be_given(tmp_path: Path, length: int, codes: list[str]) -> None:
    """Linux is asked too."""
    text = "x" * length
    found = said_of(tmp_path, {"train.py": "print()\n"}, f"{PARAMS} {{--x: {text}}}\n")
    assert [d.code for d in found] == codes
    variable = f"environment_variables: {{X: {text[2:]}}}\n"
    assert [d.code for d in said_of(tmp_path, {}, variable)] == codes
    if codes:
        with pytest.raises(OSError, match="too long"):
            subprocess.run(["/bin/true", text], check=False)
    else:
        subprocess.run(["/bin/true", text], check=True, env={"X": text[2:]})
