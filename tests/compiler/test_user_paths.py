"""Names of files and folders as a user may write them: whatever they are, the manifest is refused at their key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.manifests import codes
from tfinfra.compiler.packages.channels import channel_url
from tfinfra.compiler.source import read_source
from tfinfra.compiler.source.modules import read_modules

KEYS = {
    "source_directory": ("source_directory: {}\n", "TFI308"),
    "pip_requirements_file": ("pip_requirements_file: {}\n", "TFI309"),
    "conda_dependencies_file": ("conda_dependencies_file: {}\n", "TFI702"),
    "setup_script": ("setup_script: {}\n", "TFI706"),
    "inputs": ("inputs: {{data: {{path: {}}}}}\n", "TFI724"),
    "resume_from": ("resume_from: {}\n", "TFI725"),
    "conda_channels": ("conda_channels: [{}]\nconda_packages: [pandas]\n", "TFI708"),
}

NAMES = {
    "a name that is longer than a file's may be": "./" + "a" * 300,
    "a link that leads back to itself": "./loop",
    "the home of a user that there is not": "~nosuchuser/x",
    "a NUL in it": '"./a\\0b"',
}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("sentence", NAMES)
def test_a_name_that_no_file_can_have_is_refused_where_it_stands(key: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / ".tfinfraignore").write_text("loop\n")
    text, code = KEYS[key]
    assert codes(tmp_path, text.format(NAMES[sentence])) == [code]


def test_a_module_whose_name_is_longer_than_a_files_may_be_is_not_the_users(tmp_path: Path) -> None:
    assert codes(tmp_path, "", f"import {'a' * 300}\n") == ["TFI510"]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("conda-forge", "conda-forge"),
        ("https://example.com/channel", "https://example.com/channel"),
        ("./channel", "file:///source/channel"),
        ("../my channel", "file:///my%20channel"),
        ("/abs", "file:///abs"),
    ],
)
def test_a_channel_is_a_name_a_url_or_a_folder(written: str, url: str) -> None:
    assert channel_url(written, Path("/source")) == url


def test_all_modules_together_are_no_longer_than_one_file_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_modules, "_MOST_BYTES", 100)
    (tmp_path / "train.py").write_text("import a, b, c")
    for name, size in {"a": 60, "b": 60, "c": 30}.items():
        (tmp_path / f"{name}.py").write_text("#" * size)
    found = read_source.read_source(tmp_path, ".", "train.py")
    assert set(found.modules) == {"train.py", "a.py", "c.py"}
