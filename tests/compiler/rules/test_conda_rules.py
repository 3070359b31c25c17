"""What conda is asked for: the keys, the environment file, the channels, and what of them reaches the plan."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.compiler.manifests import checked, codes
from tfinfra.compiler.resolved import resolved_text
from tfinfra.errors import ManifestError

FILE = """\
name: digits
channels: [nodefaults, conda-forge, ./channel]
dependencies:
  - python=3.11
  - numpy=1.26
  - pip
  - pip:
      - pandas>=2
"""

TABLE: dict[str, tuple[str, list[str]]] = {
    "specs of every form": ("conda_packages: [pandas, 'numpy>=1.2,<2', scipy=1.1, 'conda-forge::h5py==3.9']\n", []),
    "not a spec": ("conda_packages: ['pandas >>2']\n", ["TFI700"]),
    "the lock's Python may be repeated": ("conda_packages: [python=3.11, pandas]\n", []),
    "a range that holds it too": ("conda_packages: ['python>=3.10,<3.12', pandas]\n", []),
    "an exact one of it too": ("python_version: 3.11.7\nconda_packages: [python==3.11.7, pandas]\n", []),
    "another Python": ("conda_packages: [python=3.10, pandas]\n", ["TFI704"]),
    "TensorFlow by conda": ("conda_packages: [tensorflow]\n", ["TFI705"]),
    "TensorFlow of a channel": ("conda_packages: ['conda-forge::tensorflow-cpu=2.15']\n", ["TFI705"]),
    "Open MPI by conda": ("conda_packages: [openmpi]\n", ["TFI705"]),
    "one package from both": ("conda_packages: [scikit-learn]\npip_packages: [scikit_learn]\n", ["TFI701"]),
    "a channel that is conda's own configuration": (
        "conda_channels: [defaults]\nconda_packages: [pandas]\n",
        ["TFI708"],
    ),
    "a channel that is a folder": ("conda_channels: [./, .]\nconda_packages: [pandas]\n", []),
    "a channel that is a folder and not there": (
        "conda_channels: [conda-forge, ./absent, '~/absent/too']\nconda_packages: [pandas]\n",
        ["TFI708", "TFI708"],
    ),
    "a channel in the home of nobody": ("conda_channels: ['~nobody-such/x']\nconda_packages: [pandas]\n", ["TFI708"]),
    "a channel with a name too long for a folder": (
        f"conda_channels: [./{'x' * 300}]\nconda_packages: [pandas]\n",
        ["TFI708"],
    ),
    "a channel that is a link to itself": ("conda_channels: [./loop]\nconda_packages: [pandas]\n", ["TFI708"]),
    "a channel behind a link to itself": ("conda_channels: [./loop/x]\nconda_packages: [pandas]\n", ["TFI708"]),
    "no channel": ("conda_channels: []\nconda_packages: [pandas]\n", ["TFI708"]),
    "a file that is not there": ("conda_dependencies_file: absent.yml\n", ["TFI702"]),
    "a file outside": ("conda_dependencies_file_path: ../environment.yml\n", ["TFI702"]),
    "a setup script that is not there": ("setup_script: prepare.sh\n", ["TFI706"]),
    "a setup script outside": ("setup_script: /bin/true\n", ["TFI706"]),
    "a setup script that is a folder": ("setup_script: .\n", ["TFI706"]),
}

FILES: dict[str, tuple[str, list[str]]] = {
    "a common one": (FILE, []),
    "channels that are no list": ("channels: {a: b}\ndependencies: [pandas]\n", ["TFI702"]),
    "a number among them": ("channels: [1]\ndependencies: [pandas]\n", ["TFI702"]),
    "pip's list": ("numpy==1.26.4\n-r more.txt\n", ["TFI702"]),
    "a prefix": (f"{FILE}prefix: /opt/conda\n", ["TFI703"]),
    "variables": (f"{FILE}variables: {{A: b}}\n", ["TFI703"]),
    "no dependencies": ("channels: [conda-forge]\n", ["TFI702"]),
    "dependencies that are no list": ("dependencies: numpy\n", ["TFI702"]),
    "a number among the packages": ("dependencies: [1.5]\n", ["TFI702"]),
    "a mapping that is not pip's": ("dependencies: [{conda: [numpy]}]\n", ["TFI702"]),
    "not YAML": ("dependencies: [numpy\n", ["TFI105"]),
    "a list": ("- numpy\n", ["TFI702"]),
    "nothing": ("", ["TFI110"]),
    "two documents": (f"{FILE}---\nname: other\n", ["TFI107"]),
    "a list of package files": ("@EXPLICIT\nhttps://conda.example/linux-64/a-1-0.conda\n", ["TFI702"]),
    "an export of a list": ("# platform: linux-64\nnumpy=1.26.4=py311h_0\n", ["TFI702"]),
    "pip's options": ("dependencies: [pandas, {pip: ['--pre', '--editable .']}]\n", ["TFI318"]),
    "one package from both inside it": ("dependencies: [pandas, {pip: [Pandas]}]\n", ["TFI701"]),
    "defaults": ("channels: [defaults]\ndependencies: [pandas]\n", ["TFI708"]),
}


@pytest.mark.parametrize("sentence", TABLE)
def test_the_manifests_keys(sentence: str, tmp_path: Path) -> None:
    text, expected = TABLE[sentence]
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / ".tfinfraignore").write_text("loop\n")
    assert codes(tmp_path, text) == expected


@pytest.mark.parametrize("sentence", FILES)
def test_the_environment_file(sentence: str, tmp_path: Path) -> None:
    text, expected = FILES[sentence]
    (tmp_path / "environment.yml").write_text(text)
    assert codes(tmp_path, "conda_dependencies_file: environment.yml\n") == expected


def test_a_fault_of_the_file_stands_at_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text(f"{FILE}variables: {{A: b}}\n")
    with pytest.raises(ManifestError) as caught:
        checked(tmp_path, "conda_dependencies_file: environment.yml\n")
    (fault,) = caught.value.diagnostics
    assert fault.position is not None
    assert (Path(fault.position.file).name, fault.position.line) == ("environment.yml", 9)


def test_specs_pip_lines_and_channels_of_both_reach_the_lock(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text(FILE)
    text = "conda_packages: [scipy]\npip_packages: [rich]\nconda_dependencies_file: environment.yml\n"
    wanted = checked(tmp_path, text).plan.requirements
    assert wanted.conda == ("scipy", "numpy=1.26", "pip")
    assert wanted.pip == ("rich", "pandas>=2")
    assert wanted.conda_channels == ("conda-forge", (tmp_path / "channel").as_uri())


def test_the_manifests_channels_come_instead_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text(FILE)
    text = "conda_channels: [https://example.com/own]\nconda_dependencies_file: environment.yml\n"
    assert checked(tmp_path, text).plan.requirements.conda_channels == ("https://example.com/own",)


def test_without_conda_the_requirements_know_nothing_of_it(tmp_path: Path) -> None:
    wanted = checked(tmp_path, "").plan.requirements
    assert (wanted.conda, wanted.conda_channels) == ((), ())


def test_the_resolved_manifest_means_the_same(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text(FILE)
    (tmp_path / "prepare.sh").write_text("true\n")
    text = "conda_packages: [scipy]\nconda_dependencies_file: environment.yml\nsetup_script: prepare.sh\n"
    first = checked(tmp_path, text)
    resolved: dict[str, Any] = yaml.safe_load(resolved_text(first.manifest, first.spec))
    assert resolved["conda_channels"] == ["conda-forge", (tmp_path / "channel").as_uri()]
    assert resolved["setup_script"] == "prepare.sh"
    del resolved["entry_script"]
    again = checked(tmp_path, yaml.safe_dump(resolved))
    assert again.plan == first.plan
    assert again.plan.setup_script == "prepare.sh"


def test_without_py_rattler_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "rattler":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ManifestError) as caught:
        checked(tmp_path, "conda_packages: [pandas]\n")
    (fault,) = caught.value.diagnostics
    assert fault.code == "TFI707"
    assert str(fault.hint).startswith("install tfinfra's extra `conda` from where tfinfra came from")


UNSAFE = {
    "a spec that is a URL": ("conda_packages: ['https://a.example/x-1-0.conda']\n", "TFI700"),
    "a spec with one": ("conda_packages: ['x[url=http://a.example/x-1-0.conda]']\n", "TFI700"),
    "a spec with a channel's URL": ("conda_packages: ['http://a.example::x']\n", "TFI700"),
    "a spec that is a path": ("conda_packages: [./x-1-0.conda]\n", "TFI700"),
    "a spec with a variable": ("conda_packages: ['x=${HOME}']\n", "TFI700"),
    "a channel by plain http": ("conda_packages: [x]\nconda_channels: ['http://a.example/c']\n", "TFI708"),
    "a channel by another way": ("conda_packages: [x]\nconda_channels: ['ftp://a.example/c']\n", "TFI708"),
}


@pytest.mark.parametrize(("text", "code"), UNSAFE.values(), ids=UNSAFE.keys())
def test_what_could_be_anybodys_is_refused(tmp_path: Path, text: str, code: str) -> None:
    assert codes(tmp_path, text) == [code]


def test_a_files_channels_are_looked_at_too(tmp_path: Path) -> None:
    (tmp_path / "environment.yml").write_text("channels: ['http://a.example/c']\ndependencies: [x]\n")
    assert codes(tmp_path, "conda_dependencies_file: environment.yml\n") == ["TFI708"]
