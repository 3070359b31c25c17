"""What the training script imports, against where the Python of a task will look: each case by a sentence."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tfinfra.compiler.load import load_project, project_from_arguments
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.compiler.source.modules.imports import imports_of
from tfinfra.errors import Diagnostic, ManifestError, TfinfraError

PACKAGE = {"trainer/__init__.py": "", "trainer/model.py": "NAME = 'model'\n"}
BY_PATH, BY_NAME = "entry_script: trainer/task.py\n", "entry_script: -m trainer.task\n"
FOUND = "environment_variables: {PYTHONPATH: .}\n"
NEVER = "def main():\n    from . import model\n"
GUARDED = "try:\n    from . import model\nexcept ImportError:\n    import model\n"
CHANGED = "import sys\nsys.path.insert(0, '.')\nimport trainer.model\nimport lib.other\n"

TABLE: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "a package with relative imports": (BY_NAME, {"trainer/task.py": "from . import model\n"}, []),
    "a package that is a namespace": ("entry_script: -m n.task\n", {"n/task.py": "from . import b", "n/b.py": ""}, []),
    "a package that runs its __main__": (
        "entry_script: -m trainer\n",
        {"trainer/__main__.py": "from .model import NAME\n"},
        [],
    ),
    "a relative import by path": (BY_PATH, {"trainer/task.py": "from . import model\n"}, ["error TFI508 task.py:1"]),
    "a relative import by path, in a function": (BY_PATH, {"trainer/task.py": NEVER}, ["warning TFI508 task.py:2"]),
    "a relative import that is tried": (BY_PATH, {"trainer/task.py": GUARDED}, []),
    "a relative import behind __name__": (
        BY_PATH,
        {"trainer/task.py": "if __name__ == '__main__':\n    from .model import NAME\n"},
        ["error TFI508 task.py:2"],
    ),
    "a relative import in what lies beside the script": (
        "entry_script: train.py\n",
        {"train.py": "import helper\n", "helper.py": "\nfrom . import other\n", "other.py": ""},
        ["error TFI508 helper.py:2"],
    ),
    "a relative import that leads out": (
        BY_NAME,
        {"trainer/task.py": "from .. import a\n"},
        ["error TFI508 task.py:1"],
    ),
    "the package by its name, by path": (
        BY_PATH,
        {"trainer/task.py": "import trainer.model\n"},
        ["error TFI509 task.py:1"],
    ),
    "one module, imported again and again": (
        BY_PATH,
        {"trainer/task.py": "def f():\n    import trainer.model\nimport trainer.model\nfrom trainer.model import x\n"},
        ["error TFI509 task.py:3"],
    ),
    "the same with a PYTHONPATH": (BY_PATH + FOUND, {"trainer/task.py": "import trainer.model\n"}, []),
    "the same with a setup script": (
        f"{BY_PATH}setup_script: s.sh\n",
        {"trainer/task.py": "import trainer.model\n", "s.sh": ""},
        ["warning TFI509 task.py:1"],
    ),
    "a script that changes sys.path": (BY_PATH, {"trainer/task.py": CHANGED, "lib/other.py": ""}, []),
    "a PYTHONPATH that leads elsewhere": (
        f"{BY_PATH}environment_variables: {{PYTHONPATH: /opt/code}}\n",
        {"trainer/task.py": "import trainer.model\n"},
        [],
    ),
    "a module beside the script": ("entry_script: a/b.py\n", {"a/b.py": "import c\n", "a/c.py": ""}, []),
    "a module beside the script, with -m": (
        BY_NAME,
        {"trainer/task.py": "from trainer import model\nimport model\n"},
        ["error TFI509 task.py:2"],
    ),
    "a folder that is called as an installed package is": (
        "entry_script: a/b.py\npip_packages: [scikit-image, my-lib==1]\n",
        {"a/b.py": "import keras, json, skimage, my_lib\n", "keras/__init__.py": "", "json.py": "", "my_lib.py": ""},
        [],
    ),
    "a module that the package does not have": (
        BY_NAME,
        {"trainer/task.py": "from .modle import NAME\n"},
        ["error TFI509 task.py:1"],
    ),
    "a name that a package makes": (BY_NAME, {"trainer/task.py": "from . import VERSION\nimport trainer\n"}, []),
    "a compiled module": (BY_NAME, {"trainer/task.py": "from .fast import f\n", "trainer/fast.abi3.so": ""}, []),
    "a package that is more than its folder": (
        BY_NAME,
        {"trainer/task.py": "import trainer.x\n", "trainer/__init__.py": "__path__.append('y')\n"},
        [],
    ),
    "src beside": (
        "entry_script: -m t.a\nenvironment_variables: {PYTHONPATH: src}\n",
        {"src/t/a.py": "import t.b", "src/t/b.py": ""},
        [],
    ),
    "a launcher of a module that is not there": (
        "entry_script: go.py\n",
        {"go.py": "import runpy\nrunpy.run_module('trainer.tusk')\n"},
        ["error TFI509 go.py:2"],
    ),
    "a launcher of a file with a relative import": (
        "entry_script: go.py\n",
        {"go.py": "import runpy\nrunpy.run_path('trainer/task.py')\n", "trainer/task.py": "from . import model\n"},
        ["error TFI508 task.py:1"],
    ),
    "a module of no such name": ("entry_script: -m trainer.tusk\n", {}, ["error TFI307 m.yaml:1"]),
    "a package without __main__": ("entry_script: -m trainer\n", {}, ["error TFI307 m.yaml:1"]),
    "a module's name without -m": ("entry_script: trainer.model\n", {}, ["error TFI307 m.yaml:1"]),
    "an option of Python's": ("entry_script: -c\n", {"-c": ""}, ["error TFI307 m.yaml:1"]),
}
HINTS = {
    "-m trainer.tusk": "did you mean '-m trainer.task'?",
    "-m trainer": "did you mean '-m trainer.task'?",
    "trainer": "did you mean '-m trainer.task'?",
    "trainer.task": "did you mean '-m trainer.task'?",
    "python -m trainer.task": "did you mean '-m trainer.task'?",
    "-m trainer/task.py": "did you mean '-m trainer.task'?",
    "-m trainer.task.py": "did you mean '-m trainer.task'?",
    "-m trainer.task --steps 3": "write `entry_script: -m trainer.task`, and its arguments as script_params",
    "trainer/tusk.py": "did you mean 'trainer/task.py'?",
    "trainer/task.py --lr 0.1": "write trainer/task.py alone: arguments are script_params",
    "trainer/task.ipynb": "did you mean 'trainer/task.py'?",
    "trainer/other.ipynb": "make a script of the notebook: jupyter nbconvert --to script",
    "-m os": "-m takes the dotted name of a module in source_directory",
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in {**PACKAGE, **files}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def diagnostics(folder: Path, text: str) -> tuple[Diagnostic, ...]:
    (folder / "m.yaml").write_text(text)
    try:
        return check_manifest(load_project(folder / "m.yaml")).diagnostics
    except TfinfraError as error:
        return error.diagnostics


def test_a_module_in_a_folder_that_is_no_package_is_found_by_the_path_of_that_folder(tmp_path: Path) -> None:
    write(tmp_path, {"src/mine/train.py": "from mine import model\n", "src/mine/model.py": ""})
    (found,) = diagnostics(tmp_path, "entry_script: -m mine.train\n")
    assert found.hint == "it is in src/: write `environment_variables: {PYTHONPATH: src}`"
    assert not diagnostics(tmp_path, "entry_script: -m mine.train\nenvironment_variables: {PYTHONPATH: src}\n")


def test_a_whole_path_of_a_script_is_met_with_the_one_that_is_wanted(tmp_path: Path) -> None:
    write(tmp_path, {"trainer/plain.py": "print()\n"})
    (found,) = diagnostics(tmp_path, f"entry_script: {tmp_path}/trainer/plain.py\n")
    assert found.hint == "write trainer/plain.py: it is relative to source_directory"


@pytest.mark.parametrize(("text", "files", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said(tmp_path: Path, text: str, files: dict[str, str], expected: list[str]) -> None:
    write(tmp_path, files)
    found = [(d, d.position) for d in diagnostics(tmp_path, text)]
    assert [f"{d.severity.value} {d.code} {Path(p.file).name}:{p.line}" for d, p in found if p] == expected


RUNS = {sentence: row for sentence, row in TABLE.items() if not any("TFI307" in one or "warn" in one for one in row[2])}
UNLIKE = ("installed", "compiled", "elsewhere", "more than its folder", "is tried", "a name that", "changes sys.path")


@pytest.mark.parametrize("sentence", [s for s in RUNS if not any(word in s for word in UNLIKE)])
def test_python_agrees(tmp_path: Path, sentence: str) -> None:
    """What has nothing said of it runs, and what is an error ends with the exception that it foretells."""
    text, files, expected = RUNS[sentence]
    write(tmp_path, files)
    words = text.splitlines()[0].partition(": ")[2].split()
    added = re.search(r"PYTHONPATH: ([^}]*)", text)
    environment = {"PYTHONPATH": added[1]} if added else {}
    done = subprocess.run(
        [sys.executable, "-s", *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (not expected), done.stderr
    raised = done.stderr.rstrip().rpartition("\n")[2].partition(":")[0]
    assert raised in (("ModuleNotFoundError", "ImportError") if expected else ("",))


@pytest.mark.parametrize(("written", "hint"), HINTS.items())
def test_the_way_out(tmp_path: Path, written: str, hint: str) -> None:
    write(tmp_path, {"trainer/task.py": ""})
    with pytest.raises(ManifestError) as refused:
        check_manifest(project_from_arguments({"entry_script": written}, name="x", folder=tmp_path))
    assert refused.value.hint == hint


def test_a_way_out_for_a_script_that_runs_by_its_path(tmp_path: Path) -> None:
    write(tmp_path, {"trainer/task.py": "from .model import NAME\nimport trainer.model\n"})
    relative, absolute = diagnostics(tmp_path, BY_PATH)
    assert relative.hint == "write `entry_script: -m trainer.task`"
    assert absolute.hint == f"{relative.hint}, or environment_variables: {{PYTHONPATH: .}}"


@pytest.mark.parametrize(
    "entry", ["-m a\0b", "-m a\nb", f"-m {'a' * 300}", "-m ..", "-m a..b", "-m **", "a" * 300 + "/b"]
)
def test_no_entry_is_beyond_words(tmp_path: Path, entry: str) -> None:
    with pytest.raises(ManifestError) as refused:
        check_manifest(project_from_arguments({"entry_script": entry}, name="x", folder=tmp_path))
    assert {d.code for d in refused.value.diagnostics} <= {"TFI307", "TFI321"}


def test_a_long_condition_is_no_deep_one(tmp_path: Path) -> None:
    deep = f"if {'+'.join('a' * 900)} + (__name__ == '__main__'):\n    import_module({'-' * 80}1)\n"
    assert imports_of(f"from . import a\n{deep}", as_program=True)


ESTIMATOR = "import tensorflow as tf\ntf.estimator.train_and_evaluate(None, None, None)\n"
LONG = {
    "hundreds of elif": "x = 1\nif x == 0:\n    pass\n" + "".join(f"elif x == {i}:\n    f()\n" for i in range(900)),
    "hundreds of calls in a chain": f"print(sys.argv[0])\ny = p{'.a()' * 400}\n",
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_no_script_is_too_long_to_be_looked_at(tmp_path: Path, text: str) -> None:
    begin = "import argparse\nimport sys\np = argparse.ArgumentParser()\np.parse_args()\n"
    write(tmp_path, {"t.py": f"{begin}{text}{ESTIMATOR}"})
    (said,) = diagnostics(tmp_path, "entry_script: t.py\ndistributed_backend: ps\n")
    assert said.message.startswith("tf_config is estimator: t.py:")


def test_a_form_feed_ends_no_line(tmp_path: Path) -> None:
    write(tmp_path, {"t.py": f"\f\nx = '\x1c\x85\u2028'\r{ESTIMATOR}"})
    (said,) = diagnostics(tmp_path, "entry_script: t.py\ndistributed_backend: ps\n")
    assert said.message.startswith("tf_config is estimator: t.py:4")
    write(tmp_path, {"t.py": "\f\nx = '\x1c\x85\u2028'\ropen('/tmp/model.h5', 'w')\n"})
    (said,) = diagnostics(tmp_path, "entry_script: t.py\n")
    assert said.position is not None
    assert (said.position.line, said.position.text) == (3, "open('/tmp/model.h5', 'w')")


LAUNCHERS = {
    "a package": ("-m trainer.task", ""),
    "runpy": ("go.py", "import runpy as r\nr.run_module('trainer.task', run_name='__main__')\n"),
    "runpy, a keyword": ("go.py", "from runpy import run_module\nrun_module(mod_name='trainer.task')\n"),
    "runpy, a path": ("go.py", "import runpy\nrunpy.run_path('./trainer/task.py')\n"),
    "importlib": ("go.py", "import importlib\ndef go():\n    importlib.import_module('trainer.task')\n"),
    "importlib, relative": ("go.py", "import importlib\nimportlib.import_module('.task', 'trainer')\n"),
    "__import__": ("go.py", "__import__('trainer.task')\n"),
    "a process": (
        "go.py",
        "import subprocess, sys\nsubprocess.run([sys.executable, '-u', 'trainer/task.py', '--a'])\n",
    ),
    "a process that runs a module": ("go.py", "import subprocess\nsubprocess.run(['python3', '-m', 'trainer.task'])\n"),
    "a shell": ("go.py", "import os\nos.system('horovodrun -np 4 python trainer/task.py --lr 1')\n"),
}


@pytest.mark.parametrize(("entry", "text"), LAUNCHERS.values(), ids=LAUNCHERS.keys())
def test_a_launcher_does_not_hide_the_script(tmp_path: Path, entry: str, text: str) -> None:
    write(tmp_path, {"go.py": text, "trainer/task.py": "import trainer.deep\n", "trainer/deep.py": ESTIMATOR})
    (said,) = diagnostics(tmp_path, f"entry_script: {entry}\ndistributed_backend: ps\n")
    assert said.message == "tf_config is estimator: trainer/deep.py:2 uses tf.estimator"


@pytest.mark.parametrize(
    "command", ["'ls'", "['python', path]", "['python', '-c', 'x']", "'python \"'", "['bash', 'a.sh']"]
)
def test_a_process_of_which_nothing_is_known_is_none_of_the_script(tmp_path: Path, command: str) -> None:
    write(tmp_path, {"go.py": f"import subprocess\npath = str()\nsubprocess.run({command})\n"})
    assert diagnostics(tmp_path, "entry_script: go.py\n") == ()


def test_a_library_that_is_imported_by_a_call_is_used(tmp_path: Path) -> None:
    write(tmp_path, {"t.py": "import importlib\nhvd = importlib.import_module('horovod.tensorflow')\nhvd.init()\n"})
    assert diagnostics(tmp_path, "entry_script: t.py\ndistributed_backend: mpi\n") == ()
