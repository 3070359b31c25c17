"""Imports of what neither the source directory, nor Python, nor the environment has: each by a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of

MISSING = ["error TFI510 train.py:1:1"]
PANDAS, SETUP = "import pandas\n", "setup_script: s.sh\n"
TABLE: dict[str, tuple[str | dict[str, str | bytes], str, list[str]]] = {
    "a package that nothing asks for": (PANDAS, "", MISSING),
    "one that is called otherwise": ("import sklearn.svm as s\n", "", MISSING),
    "one that nobody knows": ("import frobnicate\n", "", MISSING),
    "the standard library": ("import json, os.path, concurrent.futures, _thread\nfrom xml import dom\n", "", []),
    "what comes with TensorFlow": (
        "import tensorflow.keras, keras, numpy, six.moves, absl, h5py, google.protobuf\n",
        "",
        [],
    ),
    "what comes with Horovod": (
        "import horovod.tensorflow, yaml, psutil, cloudpickle\nhorovod.tensorflow.init()\n",
        "distributed_backend: mpi\n",
        [],
    ),
    "a package that is asked for": (PANDAS, "pip_packages: [pandas]\n", []),
    "what a package that is asked for may bring": (PANDAS, "pip_packages: [anything]\n", []),
    "what no package that is asked for brings": (
        "import sklearn\n",
        "pip_packages: [pandas>=2, 'tqdm ; python_version > \"3\"']\n",
        MISSING,
    ),
    "what one of them brings": ("import dateutil.parser, six, pytz\n", "pip_packages: [pandas]\n", []),
    "and what that brings": ("import threadpoolctl, PIL.Image\n", "pip_packages: [imbalanced-learn, seaborn]\n", []),
    "what its extras may bring": ("import openpyxl\n", "pip_packages: ['pandas[excel]']\n", []),
    "what a package from elsewhere may bring": (
        "import sklearn\n",
        "pip_packages: ['pandas @ https://a.example/pandas-2.0-py3-none-any.whl']\n",
        [],
    ),
    "what a package that nobody knows may bring, beside one that all know": (
        "import sklearn\n",
        "pip_packages: [pandas, anything]\n",
        [],
    ),
    "one that nobody knows, beside packages that all know": (
        "import frobnicate\n",
        "pip_packages: [pandas]\n",
        MISSING,
    ),
    "what conda may bring": (PANDAS, "conda_packages: [anything]\n", []),
    "a module that the script writes": (
        "with open('gen.py', 'w') as file:\n    file.write('x = 1')\nimport gen\n",
        "",
        ["warning TFI525 train.py:1:11", "warning TFI510 train.py:3:1"],
    ),
    "a module of its own folder that the script writes": (
        "from pathlib import Path\nPath('lib', 'gen').mkdir()\nPath('/tmp/lib/gen.py').write_text('')\nimport gen\n",
        "",
        ["warning TFI525 train.py:3:6", "warning TFI510 train.py:4:1"],
    ),
    "a module that a docstring names": ('"""Uses gen.py."""\nimport gen\n', "", ["error TFI510 train.py:2:1"]),
    "a namespace of which TensorFlow has a part": ("from google.cloud import storage\n", "", MISSING),
    "Colab's part of it": ("from google.colab import drive\n", "", MISSING),
    "a package that newer TensorFlow brings": ("import PIL\n", "framework_version: 2.20.0\n", []),
    "and older does not": ("import PIL\n", "", MISSING),
    "a file of data that is called alike": ({"train.py": PANDAS, "pandas.csv": b""}, "", MISSING),
    "what stands after the end": ("raise SystemExit('old')\nimport pandas\n", "", []),
    "what stands after a call that ends it": ("import sys\nsys.exit()\nimport pandas\n", "", []),
    "what stands after an end under a condition": (
        "import sys\nif sys.argv[1:]:\n    sys.exit(0)\nimport pandas\n",
        "",
        ["warning TFI510 train.py:4:1"],
    ),
    "what stands after TensorFlow's app": (
        "import tensorflow.compat.v1 as tf\ndef main(_): pass\ntf.app.run()\nimport pandas\n",
        "",
        [],
    ),
    "the source directory's own": (
        {"train.py": "import mine\nimport pack.a\n", "mine.py": "", "pack/a.py": ""},
        "",
        [],
    ),
    "a module's import": ({"train.py": "import mine\n", "mine.py": f"\n{PANDAS}"}, "", ["error TFI510 mine.py:2:1"]),
    "a compiled module of one's own": (
        {"train.py": "import fast\n", "fast.abi3.so": b""},
        "",
        [],
    ),
    "tried": ("try:\n    import pandas\nexcept ImportError:\n    pandas = None\n", "", []),
    "tried, and given up": (
        "import sys\ntry:\n    import pandas\nexcept ImportError:\n    print('no')\n    sys.exit(1)\n",
        "",
        ["error TFI510 train.py:3:5"],
    ),
    "suppressed": ("import contextlib\nwith contextlib.suppress(ImportError):\n    import pandas\n", "", []),
    "under a condition": ("import os\nif os.environ.get('A'):\n    import pandas\n", "", []),
    "for types alone": ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas\n", "", []),
    "in a function": (f"def f():\n    {PANDAS}", "", ["warning TFI510 train.py:2:5"]),
    "in a function that is called": (f"def f():\n    {PANDAS}f()\n", "", ["error TFI510 train.py:2:5"]),
    "in a function that may have returned": (
        f"import sys\ndef f():\n    if len(sys.argv) > 1:\n        return\n    {PANDAS}f()\n",
        "",
        ["warning TFI510 train.py:5:5"],
    ),
    "in a method": (f"class A:\n    def f(self):\n        {PANDAS}", "", ["warning TFI510 train.py:3:9"]),
    "each module once, the surest": (f"def f():\n    {PANDAS}import pandas.io\n", "", ["error TFI510 train.py:3:1"]),
    "by a call": ("import importlib\nimportlib.import_module('pandas')\n", "", ["error TFI510 train.py:2:1"]),
    "a setup script that installs it": (
        {"train.py": PANDAS, "s.sh": "pip install pandas\n"},
        SETUP,
        [],
    ),
    "one that installs by a list": ({"train.py": PANDAS, "s.sh": "pip install -r r.txt\n"}, SETUP, []),
    "one that installs something else": (
        {"train.py": PANDAS, "s.sh": "apt-get install -y ffmpeg\n"},
        SETUP,
        ["warning TFI510 train.py:1:1"],
    ),
    "one that fetches code": ({"train.py": PANDAS, "s.sh": "git clone https://a.example/models"}, SETUP, []),
    "a script that fetches code": (
        f"import os, sys\nos.system('git clone https://a.example/models')\nsys.path.append('models')\n{PANDAS}",
        "",
        [],
    ),
    "a script that installs packages": (
        f"import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'pandas'])\n{PANDAS}",
        "",
        [],
    ),
    "a script that has a shell install packages": (f"import os\nos.system('pip install -q pandas')\n{PANDAS}", "", []),
    "a script that adds its own folder to sys.path": (
        f"import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))\n{PANDAS}",
        "",
        ["error TFI510 train.py:3:1"],
    ),
    "the same by a name": (
        f"import sys, os\nROOT = os.path.dirname(__file__)\nsys.path.append(ROOT)\n{PANDAS}",
        "",
        ["error TFI510 train.py:4:1"],
    ),
    "a folder of the source directory that only sys.path names": (
        {"train.py": "import sys\nsys.path.append('vendor')\nimport pandas\n", "vendor/pandas.py": ""},
        "",
        [],
    ),
    "a folder from elsewhere on sys.path": (f"import sys\nsys.path.append('/opt/lib')\n{PANDAS}", "", []),
    "a folder that the environment names": (
        f"import os, sys\nsys.path.append(os.environ['LIB'])\n{PANDAS}",
        "environment_variables: {LIB: lib}\n",
        [],
    ),
    "a module that the script makes": (f"import sys\nsys.modules['pandas'] = sys\n{PANDAS}", "", []),
    "a PYTHONPATH that leads elsewhere": (PANDAS, "environment_variables: {PYTHONPATH: /opt/lib}\n", []),
    "a PYTHONPATH that is not there yet": (PANDAS, "environment_variables: {PYTHONPATH: lib.zip}\n", []),
    "Python's own that is gone": ("import imp\n", "python_version: '3.12'\nframework_version: 2.16.2\n", MISSING),
    "Python's own that is not gone yet": ("import imp, distutils.util\n", "", []),
    "what setuptools keeps alive": ("import distutils\n", "python_version: '3.12'\nframework_version: 2.16.2\n", []),
    "Python's own that is to come": ("import tomllib\n", "python_version: '3.10'\n", MISSING),
    "Python's own on Windows": ("import msvcrt\n", "", MISSING),
    "a module that a package of Python's has not": ("import json.nosuch\n", "", MISSING),
    "a module in a module of Python's": ("from os.nosuch import x\n", "", MISSING),
    "a name that a module of Python's has not": ("from json import nosuch\n", "", MISSING),
    "a name that Python 2 had there": ("from urllib import urlencode\n", "", MISSING),
    "a name that an earlier Python had": ("from inspect import getargspec\n", "python_version: '3.11'\n", MISSING),
    "the same with that Python": ("from inspect import getargspec\n", "python_version: '3.10'\n", []),
    "names that modules make when they are asked": (
        "from collections import Mapping\nfrom ast import Num\n",
        "python_version: '3.9'\n",
        [],
    ),
    "names and modules of Python's": (
        "import os.path, xml.etree.ElementTree, concurrent.futures.thread, encodings.idna\n"
        "from os import path, nosuch\nfrom urllib import request, parse\nfrom json import *\nfrom json import _x\n"
        "from typing import Protocol\nfrom importlib import metadata\nfrom unittest import mock, test\n",
        "python_version: '3.11'\n",
        [],
    ),
    "the same, tried": ("try:\n    from time import clock\nexcept ImportError:\n    clock = None\n", "", []),
    "a module that TensorFlow has not": ("import tensorflow.nosuch\n", "", MISSING),
    "a name that TensorFlow has not": ("from tensorflow import nosuch\n", "", MISSING),
    "a package of TensorFlow's before it had a version 1": ("from tensorflow.models.rnn import ptb\n", "", MISSING),
    "what is not among TensorFlow's own modules": ("from tensorflow.python.ops import rnn_cell_nosuch\n", "", MISSING),
    "the same of a version that nobody looked at": ("import tensorflow.nosuch\n", "framework_version: 2.12.1\n", []),
    "what TensorFlow has": (
        "import tensorflow.keras, tensorflow.python.framework.ops, tensorflow.data, tensorflow.io.gfile\n"
        "from tensorflow import keras, nn, io, data, summary, losses, Tensor, float32, function, GradientTape\n"
        "from tensorflow.python.client import device_lib\nfrom tensorflow.python.framework import graph_util\n"
        "from tensorflow.compat import v1\nfrom tensorflow.nn import relu\n"
        "from tensorflow.estimator import Estimator\nfrom tensorflow.lite.python import interpreter\n",
        "framework_version: 2.15.1\n",
        [],
    ),
    "a module that scikit-learn had": (
        "from sklearn.cross_validation import train_test_split\nfrom sklearn.externals import joblib\n",
        "pip_packages: [scikit-learn==1.7.2]\n",
        [*MISSING, "error TFI510 train.py:2:1"],
    ),
    "a name that SciPy had": ("from scipy.misc import imread\n", "pip_packages: [scipy]\n", MISSING),
    "what tfinfra gives each task": ("from tfinfra import Run\nimport tfinfra\nprint(tfinfra.Run)\n", "", []),
    "what of tfinfra is for the client": ("from tfinfra import Experiment\n", "", MISSING),
    "Horovod without mpi": ("import horovod\n", "", ["warning TFI503 train.py:1:1", *MISSING]),
}
HINTS = {
    "sklearn": "write pip_packages: [scikit-learn]",
    "cv2": "write pip_packages: [opencv-python-headless]",
    "PIL.Image": "write pip_packages: [pillow]",
    "yaml": "write pip_packages: [pyyaml]",
    "azureml.core": "write pip_packages: [azureml-core]",
    "google.cloud.storage": "write pip_packages: [google-cloud-storage]",
    "pandsa": "did you mean 'pandas'?",
    "imp": "write python_version: '3.11', or import what took its place",
    "urllib2": "in Python 3 it is urllib.request; `2to3` translates the script",
    "json.decodr": "did you mean 'json.decoder'?",
    "os.zzz": "was the script written for Python 2? `2to3` translates it",
    "tensorfow": "did you mean 'tensorflow'?",
    "torch": "write pip_packages: [torch]",
    "utils": "name the package that has it in pip_packages; a module of your own travels in source_directory",
    "sim": "name the package that has it in pip_packages; a module of your own travels in source_directory",
    "trainer": "name the package that has it in pip_packages; a module of your own travels in source_directory",
    "mlflow": "write pip_packages: [mlflow-skinny, pandas, scipy]; what it logs then comes home with the run",
    "tfinfra.api": "of tfinfra a training script has `from tfinfra import Run` alone",
    "winreg": "nodes run Linux: import it under a condition, or leave it out",
}


@pytest.mark.parametrize(("files", "manifest", "expected"), TABLE.values(), ids=TABLE.keys())
def test_what_is_said(tmp_path: Path, files: str | dict[str, str | bytes], manifest: str, expected: list[str]) -> None:
    found = said_of(tmp_path, {"train.py": files} if isinstance(files, str) else files, manifest)
    assert in_short(found) == expected
    assert all(d.hint for d in found)


def test_a_module_whose_name_differs_in_case_alone_is_named(tmp_path: Path) -> None:
    files = {"train.py": "import Models.net\nimport PIL\n", "models/net.py": "", "pil/a.png": ""}
    found = said_of(tmp_path, files)
    assert [d.hint for d in found] == [
        "a node's disk tells capitals from small letters: write models",
        "write pip_packages: [pillow]",
    ]


@pytest.mark.parametrize(("module", "hint"), HINTS.items())
def test_the_way_out(tmp_path: Path, module: str, hint: str) -> None:
    manifest = "python_version: '3.12'\nframework_version: 2.18.1\n"
    (found,) = said_of(tmp_path, {"train.py": f"import {module}\n"}, manifest)
    assert found.hint == hint


def test_azure_mls_run_is_met_with_the_line_to_write(tmp_path: Path) -> None:
    (found,) = said_of(tmp_path, {"train.py": "from azureml.core import Run\nfrom azureml.core.run import Run\n"}, "")
    assert found.hint is not None and found.hint.startswith("write `from tfinfra import Run`")


BESIDE_AZURE_ML = {
    "its Run, of packages": ("from azureml.core import Run\n", "pip_packages: [azureml-defaults]\n", ["TFI540"]),
    "its Run by its module": ("from azureml.core.run import Run\n", "pip_packages: [azureml_core==1.2]\n", ["TFI540"]),
    "its Run, of conda": (
        "from azureml.core import Run\n",
        "conda_packages: [main::azureml-core]\n",
        ["TFI540"],
    ),
    "another of its classes": ("from azureml.core import Dataset\n", "pip_packages: [azureml-core]\n", []),
    "no import of it": ("print()\n", "pip_packages: [azureml-core]\n", []),
}


@pytest.mark.parametrize("case", BESIDE_AZURE_ML)
def test_azure_mls_run_is_told_where_its_sdk_is_installed(tmp_path: Path, case: str) -> None:
    script, manifest, expected = BESIDE_AZURE_ML[case]
    found = said_of(tmp_path, {"train.py": script}, manifest)
    assert [each.code for each in found if each.code in ("TFI510", "TFI540")] == expected
    assert all("write `from tfinfra import Run`" in (each.hint or "") for each in found if each.code == "TFI540")


def test_a_script_that_configures_a_search_is_told_where_that_belongs(tmp_path: Path) -> None:
    script = "from azureml.train.hyperdrive import HyperDriveConfig, choice\n"
    (found,) = said_of(tmp_path, {"train.py": script}, "")
    assert "a search is the manifest's key `tune`" in (found.hint or "")


OF_ITS_OWN = {
    "the manifest beside the script": (
        "trainer/m.yaml",
        "entry_script: task.py",
        "source_directory is in that package: write `source_directory: ..` and `entry_script: -m trainer.task`",
    ),
    "the manifest above": (
        "m.yaml",
        "source_directory: trainer\nentry_script: task.py",
        "source_directory is in that package: write `source_directory: .` and `entry_script: -m trainer.task`",
    ),
    "a package in the package": (
        "m.yaml",
        "source_directory: trainer/deep\nentry_script: run.py",
        "source_directory is in that package: write `source_directory: .` and `entry_script: -m trainer.deep.run`",
    ),
    "a script in a folder": (
        "m.yaml",
        "source_directory: trainer\nentry_script: deep/run.py",
        "source_directory is in that package: write `source_directory: .` and `entry_script: -m trainer.deep.run`",
    ),
    "a relative import": (
        "m.yaml",
        "source_directory: trainer\nentry_script: relative.py",
        "write `source_directory: .` and `entry_script: -m trainer.relative`",
    ),
    "a relative import further down": (
        "m.yaml",
        "source_directory: trainer\nentry_script: deep/relative.py",
        "write `source_directory: .` and `entry_script: -m trainer.deep.relative`",
    ),
    "a module's whole name": (
        "m.yaml",
        "source_directory: trainer\nentry_script: -m trainer.task",
        "source_directory is that package: write `source_directory: .` and `entry_script: -m trainer.task`",
    ),
}


@pytest.mark.parametrize(("at", "manifest", "hint"), OF_ITS_OWN.values(), ids=OF_ITS_OWN.keys())
def test_a_source_directory_that_is_the_package_itself(tmp_path: Path, at: str, manifest: str, hint: str) -> None:
    files = {
        **dict.fromkeys(("trainer/__init__.py", "trainer/deep/__init__.py", "trainer/model.py"), ""),
        **dict.fromkeys(("trainer/task.py", "trainer/deep/run.py"), "import trainer.model\n"),
        "trainer/relative.py": "from . import model\n",
        "trainer/deep/relative.py": "from .. import model\n",
    }
    (found,) = said_of(tmp_path, files, manifest, at=at)
    assert found.hint == hint


@pytest.mark.parametrize("statement", ["import utils.tools", "from utils import tools", "import datasets.own"])
def test_a_module_that_is_above_the_source_directory(tmp_path: Path, statement: str) -> None:
    files = {"utils/tools.py": "", "datasets/__init__.py": "", "datasets/own.py": "", "runs/deep/a.py": statement}
    manifest = "source_directory: runs/deep\nentry_script: a.py\n"
    (found,) = said_of(tmp_path, files, manifest)
    instead = "source_directory: .\nentry_script: runs/deep/a.py\nenvironment_variables: {PYTHONPATH: .}\n"
    assert found.hint == "it is in .: write `source_directory: .`, `entry_script: runs/deep/a.py` and " + (
        "`environment_variables: {PYTHONPATH: .}`"
    )
    assert not said_of(tmp_path, files, instead)


def test_a_module_in_a_folder_of_the_source_directory(tmp_path: Path) -> None:
    files = {"src/app/__init__.py": "", "src/app/a.py": "", "train.py": "from app import a\n"}
    (found,) = said_of(tmp_path, files)
    assert found.hint == "it is in src/: write `environment_variables: {PYTHONPATH: src}`"
    assert not said_of(tmp_path, files, "environment_variables: {PYTHONPATH: src}\n")
