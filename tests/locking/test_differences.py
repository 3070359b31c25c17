"""What `lock --check` finds, each at its line, and what it is silent about."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.locking import locks
from tfinfra.environment.recipe import HOROVOD_HASHES, RECIPE
from tfinfra.errors import ManifestError
from tfinfra.locking.canonical import document_digest
from tfinfra.locking.compare.pair import shown_apart
from tfinfra.locking.read import read_lock
from tfinfra.version import __version__

Edit = Callable[[Path], object]
TENSORFLOW = f"""\
    - name: tensorflow-cpu
      version: 2.15.1
      file: tensorflow_cpu-2.15.1-cp311-cp311-manylinux1.whl
      sha256: {locks.digest("2")}
      size: 9
"""
SIX = f"""\
    - name: six
      version: "1.0"
      file: six-1.0-py3-none-any.whl
      sha256: {locks.digest("9")}
"""
ENTRY = f"""\
    - resource: vnet
      type: Microsoft.Network/virtualNetworks
      api: '2024-05-01'
      sha256: {locks.digest("5")}
"""
TRAIN, LOCK = "train.yaml", "train.lock.yaml"


def edited(name: str, before: str, after: str) -> Edit:
    """A file in which the first `before` is `after`."""

    def edit(folder: Path) -> None:
        text = (folder / name).read_text()
        assert before in text
        (folder / name).write_text(text.replace(before, after, 1))

    return edit


def signed(edit: Edit) -> Edit:
    """The same, with the digest of the lock computed anew, as whoever knows how can."""

    def both(folder: Path) -> None:
        edit(folder)
        path = folder / LOCK
        read = read_lock(path.read_bytes(), LOCK)
        was = read.document.text(("lock", "digest"))
        path.write_text(path.read_text().replace(was, document_digest(read.document.data)))

    return both


def written(name: str, text: str) -> Edit:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)

    return write


def swapped(one: str, other: str) -> Edit:
    def edit(folder: Path) -> None:
        first, second = (folder / one).read_bytes(), (folder / other).read_bytes()
        (folder / one).write_bytes(second)
        (folder / other).write_bytes(first)

    return edit


def at_equal_size_and_time(name: str) -> Edit:
    def edit(folder: Path) -> None:
        status = (folder / name).stat()
        (folder / name).write_bytes(b"x" * status.st_size)
        os.utime(folder / name, ns=(status.st_atime_ns, status.st_mtime_ns))

    return edit


def linked(folder: Path) -> None:
    (folder / "helper.py").unlink()
    (folder / "helper.py").symlink_to("train.py")


def in_other_case(folder: Path) -> None:
    (folder / "helper.py").rename(folder / "Helper.py")
    edited("train.py", "import helper", "import Helper")(folder)


FOUND: dict[str, tuple[Edit, str, str, str]] = {
    # what is done: how, the code, the file and the text of the line at which it is found
    "a value of the manifest": (edited(TRAIN, "--epochs: 3", "--epochs: 4"), "TFI903", TRAIN, "script_params"),
    "a key more in the manifest": (
        edited(TRAIN, "name: digits", "name: digits\nuse_gpu: false\ntags: {a: b}"),
        "TFI903",
        TRAIN,
        "tags",
    ),
    "a comment of the manifest": (edited(TRAIN, "name:", "# why\nname:"), "TFI903", LOCK, "sha256"),
    "a value of the lock": (
        edited(LOCK, "max_cost_usd: 20.0", "max_cost_usd: 40.0"),
        "TFI903",
        LOCK,
        "max_cost_usd: 40.0",
    ),
    "a value of the lock, signed": (
        signed(edited(LOCK, "keep_outputs: 604800", "keep_outputs: 1")),
        "TFI903",
        TRAIN,
        "limits",
    ),
    "the order of the command line in the lock": (
        signed(edited(LOCK, '  --epochs: "3"\n  --rate: "1e-3"\n', '  --rate: "1e-3"\n  --epochs: "3"\n')),
        "TFI903",
        TRAIN,
        "script_params",
    ),
    "a package's version": (edited(LOCK, "version: 1.26.4", "version: 1.26.3"), "TFI908", LOCK, "version: 1.26.3"),
    "a package's version, signed": (
        signed(edited(LOCK, "version: 1.26.4", "version: 1.26.3")),
        "TFI908",
        LOCK,
        "1.26.3",
    ),
    "a version that is an option of pip's, too": (
        signed(edited(LOCK, "version: 1.26.4", f'version: "1.26.4 --hash={locks.digest("9")}"')),
        "TFI900",
        LOCK,
        "1.26.4 --hash",
    ),
    "a name that is a place": (
        signed(edited(LOCK, "name: numpy", 'name: "numpy @ https://host.example/numpy.whl?"')),
        "TFI900",
        LOCK,
        "https://host.example",
    ),
    "a file in another folder": (signed(edited(LOCK, "file: numpy", "file: ../numpy")), "TFI900", LOCK, "../numpy"),
    "a file of no known kind": (
        signed(edited(LOCK, "file: numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl", "file: numpy-1.26.4.exe")),
        "TFI900",
        LOCK,
        "numpy-1.26.4.exe",
    ),
    "a wheel that tells no version": (
        signed(edited(LOCK, "file: numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl", "file: a.whl")),
        "TFI908",
        LOCK,
        "version: 1.26.4",
    ),
    "a source distribution that tells no version": (
        signed(edited(LOCK, "file: numpy-1.26.4-cp311-cp311-manylinux_2_17_x86_64.whl", "file: numpy.tar.gz")),
        "TFI908",
        LOCK,
        "version: 1.26.4",
    ),
    "a package's hash": (edited(LOCK, "1111111111", "1111111112"), "TFI908", LOCK, "key:"),
    "a hash dropped": (edited(LOCK, f"      sha256: {locks.digest('1')}\n", ""), "TFI900", LOCK, "- name: numpy"),
    "a package added": (edited(LOCK, TENSORFLOW, TENSORFLOW + SIX), "TFI908", LOCK, "key:"),
    "a package dropped": (edited(LOCK, TENSORFLOW, ""), "TFI908", LOCK, "key:"),
    "Horovod's source, signed": (
        signed(edited(LOCK, min(HOROVOD_HASHES), locks.digest("9"))),
        "TFI908",
        LOCK,
        "sdist",
    ),
    "another index, signed": (signed(edited(LOCK, "index: pypi", "index: corp")), "TFI908", LOCK, "index: corp"),
    "pages of wheels, signed": (
        signed(edited(LOCK, "      index: pypi\n", "      index: pypi\n      find_links: [corp]\n")),
        "TFI908",
        LOCK,
        "find_links",
    ),
    "another platform": (
        signed(edited(LOCK, "platform: x86_64-manylinux_2_28", "platform: aarch64-manylinux_2_28")),
        "TFI908",
        LOCK,
        "platform",
    ),
    "another recipe": (signed(edited(LOCK, f"recipe: {RECIPE}", "recipe: 900")), "TFI908", LOCK, "recipe: 900"),
    "another Python": (signed(edited(LOCK, "version: 3.11.9", "version: 3.12.1")), "TFI908", LOCK, "version: 3.12.1"),
    "an unknown key in the lock": (
        edited(LOCK, "  environment:\n", "  environment:\n    script: evil.sh\n"),
        "TFI900",
        LOCK,
        "script: evil.sh",
    ),
    "a key twice in the lock": (
        edited(LOCK, "  version: 1\n", "  version: 1\n  version: 1\n"),
        "TFI108",
        LOCK,
        "version: 1",
    ),
    "latest as the lock's image": (edited(LOCK, ":24.04.2026052601", ":latest"), "TFI907", LOCK, "image"),
    "a digest alone": (edited(LOCK, "  digest: sha256:", "  digest: sha256:00000000#"), "TFI900", LOCK, "digest"),
    "what ARM is asked": (edited(LOCK, "5555555555", "5555555556"), "TFI902", LOCK, "digest"),
    "what ARM is asked, signed": (signed(edited(LOCK, "5555555555", "5555555556")), "TFI907", LOCK, "sha256"),
    "by which API, signed": (signed(edited(LOCK, "2024-05-01", "2023-05-01")), "TFI907", LOCK, "2023-05-01"),
    "a resource that is not asked for, signed": (
        signed(edited(LOCK, "resource: vnet", "resource: wnet")),
        "TFI907",
        LOCK,
        "wnet",
    ),
    "a resource dropped, signed": (signed(edited(LOCK, ENTRY, "")), "TFI907", LOCK, "bodies"),
    "one of two groups, signed": (signed(edited(LOCK, "8888888888", "8888888889")), "TFI907", LOCK, "8888888889"),
    "a resource twice, signed": (signed(edited(LOCK, ENTRY, ENTRY + ENTRY)), "TFI907", LOCK, "- resource: vnet"),
    "what nodes boot with, signed": (signed(edited(LOCK, "6666666666", "6666666667")), "TFI907", LOCK, "custom_data"),
    "what nodes boot with, dropped": (
        signed(edited(LOCK, f"    custom_data: {locks.digest('6')}\n", "")),
        "TFI907",
        LOCK,
        "infrastructure",
    ),
    "what the role allows, signed": (signed(edited(LOCK, "7777777777", "7777777778")), "TFI907", LOCK, "role_actions"),
    "tfinfra's version, signed": (
        signed(edited(LOCK, f"tfinfra:\n    version: {__version__}", "tfinfra:\n    version: 9.9.9")),
        "TFI907",
        LOCK,
        "9.9.9",
    ),
    "Pulumi's version, signed": (signed(edited(LOCK, "pulumi: 3", "pulumi: 2")), "TFI907", LOCK, "pulumi: 2"),
    "the target's size": (
        edited(
            "compute_targets.yaml",
            "gpus: {cloud: azure, vm_size: Standard_D8s_v5",
            "gpus: {cloud: azure, vm_size: Standard_D4s_v5",
        ),
        "TFI903",
        TRAIN,
        "compute_target",
    ),
    "another target": (
        edited(TRAIN, "compute_target: gpus", "compute_target: other"),
        "TFI904",
        TRAIN,
        "compute_target",
    ),
    "a byte of a script": (edited("helper.py", "RATE = 1", "RATE = 2"), "TFI905", LOCK, "helper.py"),
    "a file more": (written("more.py", "\n"), "TFI905", LOCK, "files:"),
    "a file less": (lambda folder: (folder / "tools/prepare.sh").unlink(), "TFI905", LOCK, "tools/prepare.sh"),
    "the executable bit": (lambda folder: (folder / "helper.py").chmod(0o755), "TFI905", LOCK, "helper.py"),
    "a link in place of a file": (linked, "TFI905", LOCK, "helper.py"),
    "an ignore file by which a file drops out": (
        edited(".tfinfraignore", "data/\n", "data/\ntools/\n"),
        "TFI905",
        LOCK,
        "tools/prepare.sh",
    ),
    "a name in another case": (in_other_case, "TFI905", LOCK, "helper.py"),
    "an input": (written("data/digits/one.bin", "11112"), "TFI906", LOCK, "sha256"),
    "an input at equal size and time": (at_equal_size_and_time("data/digits/one.bin"), "TFI906", LOCK, "sha256"),
    "two inputs swapped": (swapped("data/digits/one.bin", "data/digits/two.bin"), "TFI906", LOCK, "sha256"),
    "a file of the deploy folder": (
        edited(LOCK, "plan.json: sha256:", "plan.json: sha256:0000000000"),
        "TFI900",
        LOCK,
        "plan.json",
    ),
    "the launch line": (signed(edited(LOCK, "    - train.py\n", "    - other.py\n")), "TFI909", LOCK, "command"),
    "a variable that tfinfra sets": (
        signed(edited(LOCK, "MODE: quick\n      PYTHON", "MODE: slow\n      PYTHON")),
        "TFI909",
        LOCK,
        "MODE: slow",
    ),
}


@pytest.mark.parametrize("what", FOUND)
def test_a_change_is_found_at_its_line(what: str, manifest: Path) -> None:
    edit, code, file, text = FOUND[what]
    edit(manifest.parent)
    found = locks.found(manifest)
    places = [(d.code, Path(d.position.file).name, d.position.text or "") for d in found if d.position]
    assert any(at[:2] == (code, file) and text in at[2] for at in places), [d.in_a_line for d in found]
    assert all(d.hint for d in found)


TOLD: dict[str, tuple[Edit, str]] = {
    "a flag without a value more": (
        edited(TRAIN, "--rate: 1e-3", "--rate: 1e-3, --fast: null"),
        "'script_params.--fast' is empty, and not there in the lock",
    ),
    "an empty variable more": (
        edited(TRAIN, "MODE: quick", "MODE: quick, EMPTY: ''"),
        "'environment_variables.EMPTY' is empty, and not there in the lock",
    ),
    "a parameter less": (
        edited(TRAIN, ", --rate: 1e-3", ""),
        "'script_params.--rate' is not there, and 1e-3 in the lock",
    ),
    "a number in the place of its text": (
        signed(edited(LOCK, 'epochs: "3"', "epochs: 3")),
        "'script_params.--epochs' is \"3\", and 3 in the lock",
    ),
}


@pytest.mark.parametrize("what", TOLD)
def test_both_sides_of_a_difference_are_told_so_that_it_is_seen(what: str, manifest: Path) -> None:
    edit, sentence = TOLD[what]
    edit(manifest.parent)
    assert sentence in [d.message for d in locks.found(manifest)]


def test_long_texts_are_told_from_where_they_part() -> None:
    here, there = shown_apart("a" * 80 + "b", "a" * 80 + "c")
    assert (here, there) == (f'…{"a" * 30}b"', f'…{"a" * 30}c"')


def crlf_by_attributes(folder: Path) -> None:
    """A checkout on a machine whose line ends are others."""
    (folder / "helper.py").write_bytes((folder / "helper.py").read_bytes().replace(b"\n", b"\r\n"))
    (folder / "train.yaml").write_bytes((folder / "train.yaml").read_bytes().replace(b"\n", b"\r\n"))


def sorted_keys(folder: Path) -> None:
    import yaml

    data = yaml.safe_load((folder / LOCK).read_text())
    parameters = data["script_params"]
    data = {key: data[key] for key in sorted(data)}
    data["lock"] = {key: data["lock"][key] for key in sorted(data["lock"])}
    data["script_params"] = {name: parameters[name] for name in parameters}
    text = yaml.safe_dump(data, sort_keys=False, default_flow_style=False)
    (folder / LOCK).write_text(text.replace("1e-3", "'1e-3'"))


SILENT: dict[str, Edit] = {
    "nothing": lambda folder: None,
    "comments and empty lines of the lock": edited(
        LOCK, "lock:\n", "\n# looked at by Ada\nlock:   # the part of tfinfra\n"
    ),
    "the lock's head": lambda folder: (folder / LOCK).write_text((folder / LOCK).read_text().split("it.\n", 1)[1]),
    "the order of keys, and the style of the lock": sorted_keys,
    "quotes": edited(LOCK, "framework_version: 2.15.1\n", "framework_version: '2.15.1'\n"),
    "a schema for editors": lambda folder: (folder / LOCK).write_text(
        f"$schema: x.json\n{(folder / LOCK).read_text()}"
    ),
    "bytecode": written("__pycache__/x.pyc", ""),
    "a touched script": lambda folder: os.utime(folder / "helper.py", (1, 1)),
    "a touched input": lambda folder: os.utime(folder / "data/labels.csv", (1, 1)),
    "an input that others may read now": lambda folder: (folder / "data/labels.csv").chmod(0o664),
    "the deploy folder that compile writes": lambda folder: _compile(),
    "what does not travel": written("data/note.txt", "x"),
    "an index of the settings of whoever locked": signed(
        edited(LOCK, "      index: pypi\n", "      index: pypi\n      extra: [corp]\n")
    ),
}


def _compile() -> None:
    from tfinfra.cli.main import main

    assert main(["compile", "train.yaml"]) == 0


@pytest.mark.parametrize("what", SILENT)
def test_what_changes_nothing_is_silent(what: str, manifest: Path) -> None:
    SILENT[what](manifest.parent)
    assert [d.in_a_line for d in locks.found(manifest)] == []
    assert [d.in_a_line for d in locks.found(manifest, full=True)] == []


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, "-C", str(folder), *words], check=True, capture_output=True)


def test_line_ends_by_git_are_silent_and_a_dirty_tree_is_not_clean(manifest: Path) -> None:
    folder = manifest.parent
    (folder / ".gitattributes").write_text("*.py text\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "all")
    locks.lock(manifest)
    assert "dirty: false" in (folder / LOCK).read_text()
    git(folder, "add", LOCK)
    git(folder, "commit", "-qm", "the lock")
    assert locks.found(manifest) == ()
    crlf_by_attributes(folder)
    assert [d.in_a_line for d in locks.found(manifest) if d.code == "TFI905" and "helper" in d.message] == []
    edited("train.py", "training", "Training")(folder)
    locks.lock(manifest)
    assert "dirty: true" in (folder / LOCK).read_text()
    signed(edited(LOCK, "dirty: true", "dirty: false"))(folder)
    (found,) = locks.found(manifest)
    assert (found.code, found.position and found.position.text) == ("TFI905", "      dirty: false")


def test_full_reads_what_the_times_hide(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that was set back hides a change from the times alone."""
    stamp = "tfinfra.system.local_tree._stamp"
    monkeypatch.setattr(stamp, lambda file: (1, 2, 3, 4))
    locks.lock(manifest)
    (manifest.parent / "data/labels.csv").write_text("c,d\n")
    assert locks.found(manifest) == ()
    assert [d.code for d in locks.found(manifest, full=True)] == ["TFI906"]


def test_a_lock_that_is_no_yaml_differs(manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tfinfra.cli.main import main

    (manifest.parent / LOCK).write_text("lock: [\n")
    assert main(["lock", "--check", "train.yaml"]) == 11
    assert "train.lock.yaml:" in capsys.readouterr().err
    with pytest.raises(ManifestError):
        read_lock(b"lock: [\n", LOCK)
