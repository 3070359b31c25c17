"""script_params against scripts that read their command line by click, absl or Fire: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import said_of, status_of
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_manifest

CLICK = (
    "import click\n\n\n@click.command()\n"
    "@click.option('--epochs', '-e', default=1)\n@click.option('--lr', type=float)\n"
    "@click.option('--verbose', is_flag=True)\n@click.option('--cache/--no-cache', default=True)\n"
    "@click.option('--mode', type=click.Choice(['fast', 'slow']))\n@click.option('--size', nargs=2, type=int)\n"
    "@click.option('-v', 'loud', count=True)\n@click.option('--tag', multiple=True)\n"
    "def main(**options):\n    print(options)\n\n\nif __name__ == '__main__':\n    main()\n"
)
WORD = CLICK.replace("def main", "@click.argument('data')\ndef main")
FROM = (
    "from click import command, option\n@command(help='Trains.')\n@option('--n', required=True, type=int)\n"
    "def main(n): pass\nmain()\n"
)
GROUP = (
    "import click\n@click.group()\n@click.option('--seed', type=int)\ndef top(seed): pass\n"
    "@top.command()\n@click.option('--a')\n@click.argument('word')\ndef go(a, word): pass\n"
    "@top.command()\n@click.option('--n', type=int)\ndef eval_all(n): pass\ntop()\n"
)
OF_CLICK: dict[str, tuple[str, str, list[str]]] = {
    "all is well": (
        CLICK,
        "{--epochs: 3, --lr: 1e-3, --verbose: , --no-cache: , --mode: fast, --size: [1, 2], -v: , --tag: a}",
        [],
    ),
    "a short name, an equals sign": (CLICK, "{-e: 3, '--lr=0.1': , '--tag=a': }", []),
    "one that another begins with": (FROM, "{--n: 3, --: }", []),
    "an option that is not known, and another begins with": (
        FROM.replace("'--n'", "'--number', 'n'"),
        "{--number: 3, --n: 3}",
        ["knows no --n"],
    ),
    "an option that is not known": (CLICK, "{--epoch: 3}", ["knows no --epoch"]),
    "a flag with a value": (CLICK, "{--verbose: true}", ["--verbose takes no value (train.py:7)"]),
    "the same with an equals sign": (CLICK, "{'--verbose=true': }", ["--verbose takes no value (train.py:7)"]),
    "a flag that is on or off": (CLICK, "{--cache: false}", ["--cache takes no value (train.py:8)"]),
    "one that is counted": (CLICK, "{-v: 3}", ["-v takes no value (train.py:11)"]),
    "a text for a number": (CLICK, "{--lr: much}", ["--lr: 'much' is not a valid float"]),
    "a text where the default is a number": (CLICK, "{--epochs: three}", ["--epochs: 'three' is not a valid integer"]),
    "a choice that is none": (CLICK, "{--mode: quick}", ["--mode: 'quick' is not one of"]),
    "no value where one is wanted": (CLICK, "{--lr: }", ["--lr: Option '--lr' requires an argument"]),
    "two values for one": (CLICK, "{--lr: [1, 2]}", ["--lr takes fewer values: '2' is left over"]),
    "one of two values": (CLICK, "{--size: 1}", ["--size: Option '--size' requires 2 arguments"]),
    "several at once": (CLICK, "{--lr: x, --foo: 1, --verbose: 1}", ["--lr", "knows no --foo", "--verbose"]),
    "a word that has to stand there": (WORD, "", ["requires data (train.py:13)"]),
    "a word that stands there": (WORD, "{a/b: }", []),
    "a word behind a flag that takes it": (WORD, "{--verbose: a}", []),
    "one that is required": (FROM, "", ["requires --n (train.py:3)"]),
    "a variable where a number is wanted": (FROM, "{--n: '${TFINFRA_SHARD_COUNT}'}", []),
    "one that the environment may have": (
        FROM.replace("required=True, type=int", "envvar='PATH', required=True"),
        "",
        [],
    ),
    "a word whose default is computed": (WORD.replace("'data'", "'data', default=str(1)"), "", []),
    "a word of which it is computed whether it is required": (
        WORD.replace("'data'", "'data', required=bool(0)"),
        "",
        [],
    ),
    "a word that the environment may have": (WORD.replace("'data'", "'data', envvar='PATH'"), "", []),
    "an option that is required, with a computed default": (
        FROM.replace("required=True", "required=True, default=int('1')"),
        "",
        [],
    ),
    "a command that takes all": (
        CLICK.replace("command()", "command(context_settings={'ignore_unknown_options': True})"),
        "{--verbose: }",
        [],
    ),
    "a command of its own class": (CLICK.replace("command()", "command(cls=click.Command)"), "{--verbose: }", []),
    "options by a decorator of its own": (
        "import click\ndef more(f): return click.option('--a')(f)\n"
        "@click.command()\n@more\ndef main(a): pass\nmain()\n",
        "{--a: 1}",
        [],
    ),
    "a command of a group": (GROUP, "{--seed: 1, go: , --a: x, w: }", []),
    "an option that the command does not know": (GROUP, "{go: , --aa: 1, w: }", ["knows no --aa"]),
    "a command by its name": (GROUP, "{eval-all: , --n: x}", ["--n: 'x' is not a valid integer"]),
    "a command that the group does not have": (GROUP, "{gone: , --a: 1}", ["'gone' is no command of the script"]),
    "a group's own option": (GROUP, "{--seed: x, go: , w: }", ["--seed: 'x' is not a valid integer"]),
    "commands that are added": (
        GROUP.replace("top()\n", "top.add_command(click.Command('more'))\ntop()\n"),
        "{more: }",
        [],
    ),
    "a group of groups": (
        GROUP.replace("top()\n", "@top.group()\ndef more(): pass\n@more.command()\ndef x(): pass\ntop()\n"),
        "{more: , x: }",
        [],
    ),
    "a command that nobody calls": (CLICK.replace("    main()\n", "    pass\n"), "{--foo: 1}", []),
    "a command line of its own": (CLICK.replace("main()\n", "main(['--epochs', '2'])\n"), "{--foo: 1}", []),
    "a changed command line": ("import sys\nsys.argv[1:] = []\n" + CLICK, "{--foo: 1}", []),
    "a computed number of values": (CLICK.replace("nargs=2", "nargs=1 + 1"), "{--size: [1, 2]}", []),
}


@pytest.mark.parametrize(("script", "given", "expected"), OF_CLICK.values(), ids=OF_CLICK)
def test_what_is_said_of_click(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    found = said_of(tmp_path, {"train.py": script}, manifest(given))
    assert [d.code for d in found] == ["TFI511"] * len(expected), [d.message for d in found]
    assert all(words in d.message for words, d in zip(expected, found, strict=True)), [d.message for d in found]
    assert all(d.is_error and d.hint and d.position for d in found)


def test_what_a_callback_may_give_is_not_required(tmp_path: Path) -> None:
    script = WORD.replace("'data'", "'data', callback=lambda context, parameter, value: value or 'here'")
    assert not said_of(tmp_path, {"train.py": script}, manifest(""))


@pytest.mark.parametrize(("script", "given", "expected"), OF_CLICK.values(), ids=OF_CLICK)
def test_click_agrees(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    """What is refused ends with click's exit status, and nothing else does."""
    (tmp_path / "train.py").write_text(script)
    (tmp_path / "plain.py").write_text("print()\n")
    (tmp_path / "m.yaml").write_text(
        "entry_script: plain.py\n" + manifest(given.replace("${TFINFRA_SHARD_COUNT}", "1"))
    )
    words = check_manifest(load_project(tmp_path / "m.yaml")).spec.arguments
    assert status_of(tmp_path / "train.py", words) == (2 if expected else 0)


def manifest(given: str) -> str:
    return "pip_packages: [click, fire]\n" + (f"script_params: {given}\n" if given else "")


ABSL = (
    "from absl import app, flags\n\nflags.DEFINE_integer('steps', 1, '')\nflags.DEFINE_float('lr', 0.1, '')\n"
    "flags.DEFINE_bool('tpu', False, '', short_name='t')\nflags.DEFINE_string('data', None, '')\n"
    "flags.DEFINE_enum('mode', 'fast', ['fast', 'slow'], '')\n\n\ndef main(argv):\n    print(argv)\n\n\n"
    "if __name__ == '__main__':\n    app.run(main)\n"
)
ALIAS = ABSL.replace("flags.DEFINE_string", "flags.DEFINE_alias('gpu', 'tpu')\nflags.DEFINE_string")
NEEDS = ABSL.replace("    app.run", "    flags.mark_flag_as_required('data')\n    app.run")
SAYS = ABSL.replace("\n\n", "\nflags.DEFINE_string('out', None, '', required=True)\n", 1)
OF_TF = ABSL.replace("from absl import app, flags", "import tensorflow.compat.v1 as tf\nflags = tf.flags").replace(
    "app.run(main)", "tf.app.run()"
)
OF_ABSL: dict[str, tuple[str, str, list[str]]] = {
    "all is well": (ABSL, "{--steps: 3, --lr: 1, --tpu: , --data: a/b, --mode: slow}", []),
    "equals signs, single dashes, what is negated": (ABSL, "{'--steps=3': , -lr: 2, --notpu: , '--tpu=true': }", []),
    "absl's own": (ABSL, "{--verbosity: 1, --logtostderr: }", []),
    "absl's own, negated": (ABSL, "{--noalsologtostderr: , --noonly_check_args: }", []),
    "what is negated, but no flag": (ABSL, "{--nosuch: }", ["defines no flag --nosuch"]),
    "words behind two dashes": (ABSL, "{--steps: 3, --: , --foo: 3, --data: }", []),
    "one that is required, behind two dashes": (NEEDS, "{--: , --data: x}", ["requires --data (train.py:6)"]),
    "an alias of a boolean": (ALIAS, "{--gpu: }", []),
    "the same, negated": (ALIAS, "{--nogpu: }", []),
    "a flag that is not defined": (ABSL, "{--step: 3}", ["defines no flag --step"]),
    "one that is written with a dash": (ABSL, "{--batch-size: 3}", ["defines no flag --batch-size"]),
    "a text for a number": (ABSL, "{--steps: many}", ["--steps: 'many' is no whole number"]),
    "a fraction for a whole number": (ABSL, "{'--steps=1.5': }", ["--steps=1.5: '1.5' is no whole number"]),
    "a whole number in another base": (ABSL, "{'--steps=0x10': }", []),
    "a choice that is none": (ABSL, "{--mode: quick}", ["--mode: 'quick' is none of fast, slow"]),
    "no value where one is wanted": (ABSL, "{--data: , --tpu: }", ["--data takes a value"]),
    "a word behind a boolean, and a flag behind that": (ABSL, "{--tpu: true, --steps: 3, --lr: 1}", []),
    "two values for one, and a flag behind": (ABSL, "{--data: [a, b], --steps: 3}", []),
    "a word, and a flag behind": (ABSL, "{train: , --steps: 3}", []),
    "TensorFlow's own": (ABSL, "{--test_random_seed: 3, --tt_check_filter: }", []),
    "one that is required": (NEEDS, "", ["requires --data (train.py:6)"]),
    "one that is required, and there": (NEEDS, "{--data: x}", []),
    "one whose definition says so": (SAYS, "", ["requires --out (train.py:2)"]),
    "one that is defined under a condition": (SAYS.replace("flags.D", "if len('') > 1: flags.D", 1), "", []),
    "one that a function defines that nobody calls": (SAYS.replace("flags.D", "def f(): flags.D", 1), "", []),
    "a variable where a number is wanted": (ABSL, "{--steps: '${TFINFRA_SHARD_COUNT}'}", []),
    "TensorFlow's app takes what it does not know": (OF_TF, "{--foo: 3}", []),
    "but not a text for a number": (OF_TF, "{--steps: many}", ["--steps: 'many' is no whole number"]),
    "a package that may define flags": ("import tensorflow_datasets\n" + ABSL, "{--foo: 3}", []),
    "flags by a loop": (ABSL + "for n in 'ab':\n    flags.DEFINE_string(n, '', '')\n", "{--foo: 3}", []),
    "a parser of its own": (ABSL.replace("run(main)", "run(main, flags_parser=print)"), "{--foo: 3}", []),
    "what nobody reads": (ABSL.replace("    app.run(main)", "    pass"), "{--foo: 3, --steps: many}", []),
}


@pytest.mark.parametrize(("script", "given", "expected"), OF_ABSL.values(), ids=OF_ABSL)
def test_what_is_said_of_absl(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    more = "pip_packages: [tensorflow-datasets]\n" if "datasets" in script else ""
    found = said_of(tmp_path, {"train.py": script}, more + (f"script_params: {given}\n" if given else ""))
    assert [d.code for d in found] == ["TFI511"] * len(expected), [d.message for d in found]
    assert all(words in d.message for words, d in zip(expected, found, strict=True)), [d.message for d in found]
    assert all(d.is_error and d.hint and d.position for d in found)


FIRE = (
    "import fire\n\n\ndef train(epochs=1, data_dir='.', tpu=False, *, lr=0.1):\n    print(epochs)\n\n\n"
    "if __name__ == '__main__':\n    fire.Fire(train)\n"
)
OF_FIRE: dict[str, tuple[str, str, list[str]]] = {
    "all is well": (FIRE, "{--epochs: 3, --data-dir: x, --data_dir: y, --notpu: , --lr: 1, -e: 2, '--epochs=4': }", []),
    "a flag that is no parameter": (FIRE, "{--epoch: 3}", ["TFI511 train() has no parameter epoch (train.py:4)"]),
    "false that is a text": (FIRE, "{--tpu: false}", ["TFI514 --tpu is true with 'false'"]),
    "false that is Python": (FIRE, "{--tpu: 'False'}", []),
    "false for a text": (FIRE, "{--data_dir: no}", []),
    "Fire's own": (FIRE, "{--: , --trace: }", []),
    "a function that takes all": (FIRE.replace("lr=0.1", "lr=0.1, **more"), "{--foo: 3}", []),
    "one whose result may take it": (FIRE.replace("print(epochs)", "return {'--foo': print}"), "{--foo: 3}", []),
    "one that is wrapped": (FIRE.replace("def train", "@print\ndef train"), "{--foo: 3}", []),
    "an object of many": ("import fire\nclass A:\n    def go(self): pass\nfire.Fire(A)\n", "{--foo: 3}", []),
    "one that gets other words": (FIRE.replace("Fire(train)", "Fire(train, command=[])"), "{--foo: 3}", []),
}


@pytest.mark.parametrize(("script", "given", "expected"), OF_FIRE.values(), ids=OF_FIRE)
def test_what_is_said_of_fire(tmp_path: Path, script: str, given: str, expected: list[str]) -> None:
    found = [f"{d.code} {d.message}" for d in said_of(tmp_path, {"train.py": script}, manifest(given))]
    assert len(found) == len(expected), found
    assert all(said.startswith(words) for words, said in zip(expected, found, strict=True)), found


@pytest.mark.parametrize(
    ("script", "given", "hint"),
    [
        (CLICK, "{--verbose: true}", "write `--verbose:` alone"),
        (CLICK, "{--verbose: false}", "leave the flag out"),
        (CLICK, "{--cache: false}", "write `--no-cache:`"),
        (CLICK, "{--epoch: 1}", "did you mean '--epochs'?"),
        (CLICK, "{--mode: fsat}", "did you mean 'fast'?"),
        (ABSL, "{--step: 1}", "did you mean '--steps'?"),
        (FIRE, "{--epoch: 1}", "did you mean '--epochs'?"),
    ],
)
def test_the_way_out(tmp_path: Path, script: str, given: str, hint: str) -> None:
    (found,) = said_of(tmp_path, {"train.py": script}, manifest(given))
    assert found.hint == hint
