"""Rules on what travels to the nodes: each case by a sentence."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.compiler.manifests import checked
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.compiler.rules import travel
from tfinfra.errors import Diagnostic, ManifestError, TfinfraError


def found(folder: Path, text: str = "", script: str = "print()\n", files: Mapping[str, str] | None = None) -> list[str]:
    """What is said, each as "severity code file:line message"."""
    for name, content in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    try:
        diagnostics = checked(folder, text, script).diagnostics
    except TfinfraError as error:
        diagnostics = error.diagnostics
    return [spelt(one) for one in diagnostics]


def spelt(one: Diagnostic) -> str:
    place = f"{Path(one.position.file).name}:{one.position.line} " if one.position else ""
    return re.sub(
        r"/\S*/(\.gitignore|\.tfinf)", r"\1", f"{one.severity.value} {one.code} {place}{one.message} ({one.hint})"
    )


NAMED: dict[str, tuple[str, dict[str, str], str]] = {
    "an entry script that git ignores": (
        "",
        {".gitignore": "# x\n*.py\n"},
        "error TFI336 digits.yaml:1 entry_script 'train.py' does not travel to the nodes: .gitignore:2 `*.py` keeps it"
        " here (`!train.py` in .tfinfraignore takes it along)",
    ),
    "a setup script in a folder that stays": (
        "setup_script: env/setup.sh\n",
        {"env/setup.sh": "", "env/pyvenv.cfg": ""},
        "error TFI336 digits.yaml:2 setup_script 'env/setup.sh' does not travel to the nodes: it belongs to a Python"
        " environment (`!env/setup.sh` in .tfinfraignore takes it along)",
    ),
    "an entry script that was taken back": ("", {".gitignore": "*.py\n", ".tfinfraignore": "!train.py\n"}, ""),
    "secrets, with the way to insist": (
        "",
        {".env": "x", "a/id_rsa": "x"},
        "notice TFI335 digits.yaml:1 '.env', 'a/id_rsa' look like secrets and stay on this machine (where the nodes"
        " need it: `!.env` in .tfinfraignore)",
    ),
    "one secret": (
        "",
        {".env": "x"},
        "notice TFI335 digits.yaml:1 '.env' looks like a secret and stays on this machine",
    ),
    "a secret that git ignores": ("", {".env": "x", ".gitignore": ".env\n"}, ""),
}


@pytest.mark.parametrize(("text", "files", "said"), NAMED.values(), ids=NAMED.keys())
def test_what_the_manifest_names_and_what_stays(tmp_path: Path, text: str, files: dict[str, str], said: str) -> None:
    told = found(tmp_path, text, files=files)
    assert [one.startswith(said) for one in told] == [True] * bool(said), told


def test_all_that_cannot_travel_is_told_at_once(tmp_path: Path) -> None:
    for number in range(25):
        (tmp_path / f"link{number:02}").symlink_to("/etc/hostname")
    told = found(tmp_path, "source_directory: .\n")
    assert all(one.startswith("error TFI340 digits.yaml:2 source_directory: ") for one in told)
    assert len(told) == 21
    assert "link00' is a link to '/etc/hostname'" in told[0] and "'link24' be copied" in told[-1]


def test_what_cannot_travel_has_a_line_where_the_manifest_names_no_script_either(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    (tmp_path / "bare.yaml").write_text("name: digits\n")
    with pytest.raises(ManifestError) as caught:
        check_manifest(load_project(tmp_path / "bare.yaml"))
    (told,) = [each for each in caught.value.diagnostics if each.code == "TFI340"]
    assert told.place == f"{tmp_path / 'bare.yaml'}:1:1"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_told_where_it_would_travel(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    assert [one[:12] for one in found(tmp_path)] == ["error TFI340"]
    assert found(tmp_path, files={".gitignore": "closed/\n"}) == []


def utf16(folder: Path) -> None:
    (folder / ".tfinfraignore").write_bytes("*.csv\n".encode("utf-16"))


def utf16_of_git(folder: Path) -> None:
    (folder / ".gitignore").write_bytes("*.csv\n".encode("utf-16"))


def latin1(folder: Path) -> None:
    (folder / ".gitignore").write_bytes(b"a\ncaf\xe9\n")


ENCODINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "tfinfra's own": (utf16, "error TFI339 .tfinfraignore:1 .tfinfraignore: it is UTF-16"),
    "git's, which git cannot read either": (utf16_of_git, "warning TFI339 .gitignore:1 .gitignore: it is UTF-16"),
    "one line": (latin1, "warning TFI339 .gitignore:2 .gitignore: it is not UTF-8 (byte 0xe9)"),
}


@pytest.mark.parametrize(("make", "said"), ENCODINGS.values(), ids=ENCODINGS.keys())
def test_an_ignore_file_in_another_encoding(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    make(tmp_path)
    (told,) = found(tmp_path)
    assert told.startswith(said), told


def test_much_to_send_is_a_warning_that_names_the_largest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(travel, "LARGE", 5000)
    (told,) = found(tmp_path, files={"big\n.bin": "x" * 6000})
    assert told.startswith("warning TFI341 digits.yaml:1 source_directory sends 3 files, ")
    assert "the largest is 'big\\n.bin' with 6000 bytes" in told


def test_a_strangers_manifest_shows_no_line_of_a_file_elsewhere(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.py\n# private words\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "project").mkdir()
    (told,) = found(tmp_path / "project")
    assert ".gitignore:1 keeps it here" in told


ARGUMENT = "import argparse\nargparse.ArgumentParser().add_argument('--data', default='a.csv')\n"
SCRIPTS: dict[str, tuple[str, str, dict[str, str], list[str]]] = {
    "an import of what git ignores": (
        "",
        "import os\nimport data\n",
        {"data/__init__.py": "", ".gitignore": "data/\n"},
        ["error TFI337 train.py:2 `import data` fails on the nodes: data/__init__.py does not travel, .gitignore:1"],
    ),
    "a part of a package": (
        "",
        "from lib import util\n",
        {"lib/__init__.py": "", "lib/util.py": "", ".gitignore": "util.py\n"},
        ["error TFI337 train.py:1 `from lib import util` fails on the nodes: lib/util.py does not travel"],
    ),
    "a relative import in a module": (
        "",
        "import lib\n",
        {"lib/__init__.py": "from .deep import x\n", "lib/deep/__init__.py": "", "lib/.gitignore": "deep\n"},
        ["error TFI337 __init__.py:1 `from .deep import x` fails on the nodes: lib/deep/__init__.py does not travel"],
    ),
    "an import in a function": (
        "",
        "def f():\n    import data\n",
        {"data.py": "", ".gitignore": "data.py\n"},
        ["warning TFI337 train.py:2 "],
    ),
    "an import that is tried": (
        "",
        "try:\n    import data\nexcept ImportError:\n    data = None\n",
        {"data.py": "", ".gitignore": "data.py\n"},
        [],
    ),
    "a copy of a package that is required": (
        "pip_packages: [wandb]\n",
        "import wandb\n",
        {"wandb/__init__.py": "", ".gitignore": "wandb/\n"},
        [],
    ),
    "an import of what is taken back": (
        "",
        "import data\n",
        {"data/__init__.py": "", ".gitignore": "data/\n", ".tfinfraignore": "!data/\n"},
        [],
    ),
    "a file that is read": (
        "",
        "import pandas as pd\n\ndef main():\n    pd.read_csv('data/a.csv')\n\nif __name__ == '__main__':\n    main()\n",
        {"data/a.csv": "", ".gitignore": "*.csv\n"},
        ["error TFI338 train.py:4 'data/a.csv' is missing on the nodes: .gitignore:1 `*.csv` keeps it here"],
    ),
    "a secret that is read": (
        "",
        "open('./.env')\n",
        {".env": "x"},
        ["notice TFI335", "error TFI338 train.py:1 '.env'"],
    ),
    "a file that the script looks for first": (
        "",
        "import os\nif os.path.exists('a.csv'):\n    open('a.csv')\n",
        {"a.csv": "", ".gitignore": "*.csv\n"},
        ["warning TFI338 train.py:3"],
    ),
    "a file that the script writes": ("", "open('a.csv', 'w')\n", {"a.csv": "", ".gitignore": "*.csv\n"}, []),
    "a file that is not here either": ("", "open('a.csv')\n", {".gitignore": "*.csv\n"}, []),
    "a file that a parameter names": (
        "script_params: {--config: conf/a.json}\n",
        "print()\n",
        {"conf/a.json": "", ".gitignore": "conf\n"},
        ["error TFI338 digits.yaml:2 'conf/a.json', which --config names, is missing on the nodes: "],
    ),
    "a default of an argument": (
        "",
        ARGUMENT,
        {"a.csv": "", ".gitignore": "a.csv\n"},
        ["warning TFI338 train.py:2 'a.csv'"],
    ),
    "a default that a parameter replaces": (
        "script_params: {--data: b.csv}\n",
        ARGUMENT,
        {"a.csv": "", ".gitignore": "a.csv\n"},
        [],
    ),
    "a default for results": (
        "",
        ARGUMENT.replace("--data", "--out"),
        {"a.csv": "", ".gitignore": "a.csv\n"},
        [],
    ),
    "a folder of results": (
        "script_params: {--out: results}\n",
        "print()\n",
        {"results/x": "", ".gitignore": "results\n"},
        [],
    ),
    "a flag that says nothing of its purpose": (
        "script_params: {'-f=a.csv': }\n",
        "print()\n",
        {"a.csv": "", ".gitignore": "*.csv\n"},
        ["warning TFI338 digits.yaml:2 'a.csv', which -f names"],
    ),
}


@pytest.mark.parametrize(("text", "script", "files", "said"), SCRIPTS.values(), ids=SCRIPTS.keys())
def test_what_the_script_needs_and_what_stays(
    tmp_path: Path, text: str, script: str, files: dict[str, str], said: list[str]
) -> None:
    told = [one for one in found(tmp_path, text, script, files) if "TFI33" in one]
    assert [one.startswith(start) for one, start in zip(told, said, strict=False)] == [True] * len(said), told
    assert len(told) == len(said), told
