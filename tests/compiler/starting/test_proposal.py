"""`tfinfra init --from`: the manifest that a script which is there would have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.packaging.test_wheel import ROOT
from tfinfra.cli.main import main
from tfinfra.compiler.starting.flags import Flag, flags_of

KERAS = "import tensorflow as tf\n\n"
FIT = "tf.keras.Sequential([tf.keras.layers.Dense(1)]).fit([1], [1])\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TFINFRA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("TFINFRA_CONFIG_DIR", str(tmp_path / "config"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def proposed(files: dict[str, str], *words: str, code: int = 0) -> dict[str, Any]:
    """The manifest that is proposed for these files."""
    for name, text in files.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert main(["init", "--from", *(words or ["."])]) == code
    found: dict[str, Any] = yaml.safe_load(Path("train.yaml").read_text("utf-8"))
    return found


HOROVOD = f"{KERAS}import horovod.tensorflow.keras as hvd\n\nhvd.init()\nopt = hvd.DistributedOptimizer('sgd')\n{FIT}"
STRATEGY = f"{KERAS}strategy = tf.distribute.MultiWorkerMirroredStrategy()\nwith strategy.scope():\n    {FIT}"
SERVER = (
    f"{KERAS}resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()\n"
    f"strategy = tf.distribute.ParameterServerStrategy(resolver)\nwith strategy.scope():\n    {FIT}"
)
ESTIMATOR = (
    f"{KERAS}est = tf.estimator.Estimator(model_fn=print)\n"
    "tf.estimator.train_and_evaluate(est, tf.estimator.TrainSpec(print), tf.estimator.EvalSpec(print))\n"
)
MAIN = "if __name__ == '__main__':\n    main()\n"
CASES: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "a script of its own": ({"train.py": KERAS + FIT}, {"entry_script": "train.py", "distributed_backend": None}),
    "Horovod": ({"a.py": HOROVOD}, {"entry_script": "a.py", "distributed_backend": "mpi", "node_count": 2}),
    "MultiWorkerMirroredStrategy": ({"a.py": STRATEGY}, {"distributed_backend": "multi_worker"}),
    "ParameterServerStrategy": ({"a.py": SERVER}, {"distributed_backend": "ps", "worker_count": 2}),
    "an estimator with a cluster": ({"a.py": ESTIMATOR}, {"distributed_backend": "ps", "parameter_server_count": 1}),
    "an estimator that trains alone": (
        {"a.py": f"{KERAS}tf.estimator.Estimator(model_fn=print).train(print)\n"},
        {"distributed_backend": None},
    ),
    "packages by the names of modules": (
        {"a.py": f"import cv2\nimport pandas as pd\nimport yaml\nfrom sklearn import svm\nimport json\n{KERAS}{FIT}"},
        {"pip_packages": ["opencv-python-headless", "pandas", "pyyaml", "scikit-learn"]},
    ),
    "packages of the script's modules": (
        {"a.py": f"import part\n{KERAS}{FIT}", "part.py": "import pandas\n"},
        {"pip_packages": ["pandas"], "entry_script": "a.py"},
    ),
    "a requirements file": (
        {"a.py": f"import pandas\nimport PIL\n{KERAS}{FIT}", "requirements.txt": "pandas==2.2.3\n"},
        {"pip_requirements_file": "requirements.txt", "pip_packages": ["pillow"]},
    ),
    "the script among its modules": (
        {
            "model.py": f"{KERAS}def build():\n    return tf.keras.Sequential()\n",
            "data.py": "import numpy\n",
            "experiment.py": f"{KERAS}import data\nimport model\n\ndef main():\n    model.build().fit([1])\n\n{MAIN}",
            "test_experiment.py": f"{KERAS}import experiment\n{FIT}",
            "setup.py": "import setuptools\n",
        },
        {"entry_script": "experiment.py"},
    ),
    "a module of a package": (
        {
            "trainer/__init__.py": "",
            "trainer/model.py": KERAS,
            "trainer/task.py": f"{KERAS}from . import model\n\ndef main():\n    {FIT}\n{MAIN}",
        },
        {"entry_script": "-m trainer.task"},
    ),
    "a package that is imported from above": (
        {
            "trainer/__init__.py": "",
            "trainer/model.py": KERAS,
            "trainer/task.py": f"{KERAS}import trainer.model\n\ndef main():\n    {FIT}\n{MAIN}",
        },
        {"entry_script": "-m trainer.task"},
    ),
    "a package whose script has its libraries elsewhere": (
        {"t/__init__.py": "", "t/model.py": "X = 1\n", "t/task.py": "from . import model\n\nprint(model.X)\n"},
        {"entry_script": "-m t.task"},
    ),
    "a TensorFlow that is pinned": (
        {"a.py": KERAS + FIT, "requirements.txt": "tensorflow==2.17.1  # the newest\n"},
        {"framework_version": "2.17.1", "pip_requirements_file": "requirements.txt"},
    ),
    "a script in a folder": ({"code/train.py": KERAS + FIT}, {"entry_script": "code/train.py"}),
    "a file that git ignores": (
        {".gitignore": "old/\n", "old/train.py": HOROVOD, "new.py": KERAS + FIT},
        {"entry_script": "new.py"},
    ),
    "the only file there is": ({"t.py": "print()\n"}, {"entry_script": "t.py", "distributed_backend": None}),
    "the only one that begins": (
        {"part.py": "X = 1\n", "other.py": "Y = 1\n", "task.py": "import part\n\nprint(part.X)\n"},
        {"entry_script": "task.py"},
    ),
    "a file that is no Python": ({"broken.py": "def (:\n", "a.py": KERAS + FIT}, {"entry_script": "a.py"}),
}


@pytest.mark.parametrize(("files", "keys"), CASES.values(), ids=CASES)
def test_a_script_is_proposed_its_manifest(files: dict[str, str], keys: dict[str, Any]) -> None:
    found = proposed(files)
    assert {key: found.get(key) for key in keys} == keys
    assert found["name"] == "work"


def test_what_a_script_has_of_tfinfra_wants_no_package() -> None:
    proposed({"train.py": f"from tfinfra import Run\n{KERAS}{FIT}"})
    assert "No package is known" not in Path("train.yaml").read_text("utf-8")


EXAMPLES = {
    "train_horovod.py": "mpi",
    "train_coordinator.py": "ps",
    "train_estimator.py": "ps",
    "train_ps.py": "ps",
    "train_multi_worker.py": "multi_worker",
    "train_single.py": None,
}


@pytest.mark.parametrize("script", EXAMPLES)
def test_the_examples_are_proposed_their_own_backends(script: str) -> None:
    found = proposed({}, str(ROOT / "examples/digits" / script), ".")
    assert (found["entry_script"], found.get("distributed_backend")) == (script, EXAMPLES[script])
    assert found["pip_packages"] == ["scikit-learn"]
    assert (Path.cwd() / found["source_directory"]).resolve() == ROOT / "examples/digits"


ARGUMENTS = """\
import argparse
import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", "-e", type=int, default=20, help="how many\\n times")
parser.add_argument("--layers", nargs="*", default=[64, 32])
parser.add_argument("--api-token", default="hunter2")
parser.add_argument("--verbose", action="store_true")
parser.parse_args()
tf.keras.Sequential().fit([1], [1])
"""


def test_arguments_stand_there_as_comments_with_their_defaults() -> None:
    proposed({"train.py": ARGUMENTS})
    text = Path("train.yaml").read_text("utf-8")
    assert "# script_params:\n#   --epochs: 20        # how many times\n#   --layers: [64, 32]\n" in text
    assert "#   --api-token:        # a secret: name it in `secrets`\n#   --verbose: null\n" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("flag", "is_secret"),
    {
        "--max-tokens": False, "--tokenizer": False, "--keyframes": False, "--keywords": False,
        "--hf-tokens": True, "--wandb-key": True, "--passphrase": True, "--github-pat": True, "--dbpassword": True,
    }.items(),
)  # fmt: skip
def test_a_flag_is_a_secret_where_its_name_says_so(flag: str, *, is_secret: bool) -> None:
    (found,) = flags_of([f"parser.add_argument('{flag}', default='hunter2')"])
    assert (found.secret, found.default) == (is_secret, None if is_secret else "hunter2")


def test_what_is_not_valid_yet_is_told_at_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    required = ARGUMENTS.replace("default=20", "required=True")
    proposed({"train.py": required}, code=3)
    told = capsys.readouterr()
    assert "train.yaml" in told.out
    assert "error[TFI511]: the script's parser requires --epochs/-e (train.py:5)" in told.err
    assert "#   --epochs:           # required; how many times\n" in Path("train.yaml").read_text("utf-8")


def test_the_document_says_so_too(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    (folder / "train.py").write_text(ARGUMENTS.replace("default=20", "required=True"))
    assert main(["init", "--from", ".", "--json"]) == 3
    document = json.loads(capsys.readouterr().out)
    assert (document["document"], document["valid"]) == ("init", False)
    assert [one["code"] for one in document["diagnostics"]] == ["TFI511"]


NO_SCRIPT = {
    "an empty folder": {},
    "no Python": {"a.txt": "x"},
    "parts of something": {"a.py": "X = 1\n", "b.py": "Y = 2\n"},
    "tests alone": {"test_a.py": KERAS + FIT},
}


@pytest.mark.parametrize("files", NO_SCRIPT.values(), ids=NO_SCRIPT)
def test_a_folder_without_a_training_script_is_said_to_be_one(files: dict[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    assert main(["init", "--from", "."]) == 2
    assert not (folder / "train.yaml").exists()


def test_a_script_that_is_no_python_is_named_where_none_is_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.py").write_text("def (:\n")
    (folder / "train.py").write_text("import tensorflow\ndef (:\n")
    assert main(["init", "--from", "."]) == 2
    assert "trains with TensorFlow, and 'train.py:2' is not Python: " in capsys.readouterr().err


def test_a_script_that_is_named_is_taken_whatever_is_in_it() -> None:
    assert proposed({"a.py": "print()\n", "b.py": KERAS + FIT}, "a.py")["entry_script"] == "a.py"


def test_no_script_is_run(folder: Path) -> None:
    proposed({"train.py": f"open('ran', 'w')\n{KERAS}{FIT}"})
    assert not (folder / "ran").exists()


FLAGS = {
    "argparse": ("p.add_argument('--rate', '-r', default=0.1, help='a b')", [Flag("--rate", 0.1, "a b")]),
    "a short name alone": ("p.add_argument('-r')", [Flag("-r")]),
    "a position": ("p.add_argument('data')", []),
    "help and version": ("p.add_argument('--version', action='version')", []),
    "a default that is computed": ("p.add_argument('--n', default=f())", [Flag("--n")]),
    "absl": ("flags.DEFINE_integer('steps', 5, 'how many')", [Flag("--steps", 5, "how many")]),
    "an enum of absl": ("flags.DEFINE_enum('mode', 'a', ['a', 'b'], 'which')", [Flag("--mode", "a", "which")]),
    "click": ("@click.option('--n', default=3, help='x')\ndef f(n): ...", [Flag("--n", 3, "x")]),
    "a flag of click": ("@click.option('--on/--off', is_flag=True)\ndef f(on): ...", [Flag("--on", bare=True)]),
    "one name in two modules": ("p.add_argument('--n', default=1)\np.add_argument('--n', default=2)", [Flag("--n", 1)]),
}


@pytest.mark.parametrize(("text", "flags"), FLAGS.values(), ids=FLAGS)
def test_flags_are_read_from_the_text(text: str, flags: list[Flag]) -> None:
    assert [*flags_of([text])] == flags


PLACES = {
    "a folder of outputs": ("--job-dir", "or ${TFINFRA_OUTPUTS}/…"),
    "a folder of checkpoints": ("--checkpoint-path", "or ${TFINFRA_CHECKPOINTS}"),
    "data": ("--train_files", "or ${TFINFRA_INPUT_DATA}, and inputs: {data: {path: …}}"),
    "nothing of the kind": ("--epochs", ""),
}


@pytest.mark.parametrize(("flag", "said"), PLACES.values(), ids=PLACES)
def test_a_flag_for_a_place_is_told_which_all_tasks_have(flag: str, said: str) -> None:
    proposed({"train.py": f"import argparse\n{KERAS}p = argparse.ArgumentParser()\np.add_argument('{flag}')\n{FIT}"})
    row = next(line for line in Path("train.yaml").read_text("utf-8").splitlines() if f" {flag}:" in line)
    assert row == (f"#   {flag}:  # {said}" if said else f"#   {flag}:")


def test_what_stands_in_a_script_stays_in_its_comment() -> None:
    hostile = f"p.add_argument('--a\\nname: b', default='c\\nd: e', help='f\\u2028g: \\x1b[31m')\n{KERAS}{FIT}"
    found = proposed({"train.py": f"import argparse\np = argparse.ArgumentParser()\n{hostile}"})
    assert {*found} == {"name", "entry_script", "compute_target", "limits"}
    assert Path("train.yaml").read_text("utf-8").isascii()


def test_a_file_whose_name_is_no_text_is_not_proposed(folder: Path) -> None:
    (folder / "tr\nain.py").write_text(HOROVOD)
    assert proposed({"a.py": KERAS + FIT})["entry_script"] == "a.py"
