"""Files of another machine: each by a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.compiler.rules.scripts.script_cases import in_short, said_of
from tfinfra.compiler.rules.scripts import elsewhere

AZURE = "compute_target: {cloud: azure, location: eastus, vm_size: Standard_D2s_v5}\n"
FILE = ["error TFI532 train.py:1:1"]
FILES: dict[str, tuple[str, str, list[str]]] = {
    "a path of Windows": ("open('C:\\\\data\\\\x.csv')\n", "", FILE),
    "a folder beside the source": ("open('../data/x.csv')\n", "", FILE),
    "the same by a detour": ("open('a/../../data/x.csv')\n", "", FILE),
    "a home": ("open('/home/ada/x.csv')\n", AZURE, FILE),
    "a home on a Mac": ("open('/Users/ada/x.csv')\n", AZURE, FILE),
    "a tilde, which nothing expands": ("open('~/x.csv')\n", AZURE, FILE),
    "Kaggle's folder": ("open('/kaggle/input/x.csv')\n", AZURE, FILE),
    "SageMaker's": ("open('/opt/ml/input/data/x.csv')\n", AZURE, FILE),
    "a home, on the local cloud": ("open('/home/ada/x.csv')\n", "", ["warning TFI532 train.py:1:1"]),
    "a service's folder, on the local cloud": ("open('/kaggle/x.csv')\n", "", ["warning TFI532 train.py:1:1"]),
    "a home that a parameter names": (
        "print()\n",
        f"{AZURE}script_params: {{--data: /home/ada/x}}\n",
        ["warning TFI532 m.yaml:3:25"],
    ),
    "the same on the local cloud": (
        "print()\n",
        "script_params: {--data-dir: /home/ada/x}\n",
        ["warning TFI532 m.yaml:2:29"],
    ),
    "a home for what is written": (
        "print()\n",
        "script_params: {--log-dir: /home/ada/x}\n",
        ["warning TFI526 m.yaml:2:28"],
    ),
    "a folder of the nodes in a parameter": ("print()\n", f"{AZURE}script_params: {{--data: /data/x}}\n", []),
    "a folder that a node may have": ("open('/data/x.csv')\n", AZURE, []),
    "the system's": ("open('/etc/hosts')\n", AZURE, []),
    "a file that is written": ("open('/home/ada/x.csv', 'w')\n", "", []),
    "one that is named twice": ("import os\nif os.path.exists('../x'):\n    pass\nopen('../x')\n", "", []),
    "one that is tried": ("try:\n    open('../x')\nexcept OSError:\n    pass\n", "", []),
    "one in a function that nobody calls": ("def f():\n    open('../x')\nprint()\n", "", []),
}


@pytest.mark.parametrize(("script", "manifest", "expected"), FILES.values(), ids=FILES)
def test_what_is_said_of_files(tmp_path: Path, script: str, manifest: str, expected: list[str]) -> None:
    found = [d for d in said_of(tmp_path, {"train.py": script}, manifest) if d.code != "TFI525"]
    assert in_short(tuple(found)) == expected


def test_nodes_of_the_local_cloud_share_this_machines_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "_HOMES", re.compile(re.escape(f"{tmp_path}/")))
    there, gone = tmp_path / "x.csv", tmp_path / "y.csv"
    there.write_text("1")
    files = {"train.py": f"open({str(there)!r})\nopen({str(gone)!r})\n"}
    assert in_short(said_of(tmp_path, files, f"script_params: {{--data: {there}}}\n")) == [
        "warning TFI532 train.py:2:1"
    ]


def test_a_setup_script_may_bring_the_file(tmp_path: Path) -> None:
    files = {"train.py": "open('../x')\n", "prepare.sh": "cp /mnt/x ..\n"}
    assert in_short(said_of(tmp_path, files, "setup_script: prepare.sh\n")) == ["warning TFI532 train.py:1:1"]
