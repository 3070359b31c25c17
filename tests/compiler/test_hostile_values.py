"""Values and files that would hurt later, or whoever reads the message: each is an error at its line."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.compiler.manifests import checked, codes
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import ManifestError

VALUES = {
    "NUL in a parameter": ('script_params: {--a: "x\\0y"}\n', "TFI321"),
    "NUL in a flag": ('script_params: {"--a\\0": x}\n', "TFI321"),
    "an escape in a list": ('script_params: {--a: [x, "\\e[31m"]}\n', "TFI321"),
    "NUL in a variable": ('environment_variables: {A: "x\\0"}\n', "TFI321"),
    "a control character in a tag": ('tags: {a: "x\\x07"}\n', "TFI306"),
    "a line end in a tag's name": ('tags: {"a\\nb": x}\n', "TFI306"),
    "tags that differ only by case": ("tags: {Team: a, team: b}\n", "TFI306"),
    "source_builds with a version": ("source_builds: [evil==1]\n", "TFI320"),
    "source_builds with a path": ("source_builds: [./evil]\n", "TFI320"),
    "source_builds of TensorFlow": ("source_builds: [TensorFlow]\n", "TFI320"),
    "a package that would be built": ("pip_packages: ['evil @ https://a.example/e-1.tar.gz']\n", "TFI319"),
    "the kernel's own files as data": ("inputs: {a: {path: /proc/self/environ}}\n", "TFI724"),
    "and its folders": ("inputs: {a: {path: /sys/kernel}}\n", "TFI724"),
    "as the source": ("source_directory: /proc/self\n", "TFI308"),
}
URLS = (
    *("https://abc.blob.attacker.example/ccc", "https://abc.blob.core.windows.net.attacker.example/ccc"),
    *("https://abc.blob.core.attacker.net/ccc", "https://abc.blob.corewindows.net/ccc", "https://abc.blob.a/ccc"),
)


@pytest.mark.parametrize(("text", "code"), VALUES.values(), ids=VALUES.keys())
def test_it_is_an_error_at_its_line(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(ManifestError) as caught:
        checked(tmp_path, text)
    (found,) = [d for d in caught.value.diagnostics if d.is_error and d.code != "TFI307"]
    assert (found.code, found.position and found.position.line) == (code, 2)
    assert found.message.isprintable()


def test_line_ends_and_tabs_are_values_like_others(tmp_path: Path) -> None:
    assert codes(tmp_path, 'script_params: {--a: "x\\ty\\nz"}\nenvironment_variables: {A: "x\\ny"}\n') == []


@pytest.mark.parametrize("url", URLS)
def test_a_nodes_token_goes_to_azure_alone(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    target = "{cloud: azure, location: eastus, vm_size: Standard_D4s_v5, identity_id: %s, store: %s}"
    identity = "/subscriptions/a/resourceGroups/b/providers/Microsoft.ManagedIdentity/userAssignedIdentities/c"
    for text in (
        f"inputs: {{a: {{url: '{url}'}}}}\n",
        f"resume_from: {url}\n",
        f"compute_target: {target % (identity, url)}\n",
    ):
        assert "TFI725" in codes(tmp_path, text), text
        monkeypatch.setenv("TFINFRA_ARM_ENDPOINT", "https://arm.own.example")  # which says itself what its storage is
        assert "TFI725" not in codes(tmp_path, text), text
        monkeypatch.delenv("TFINFRA_ARM_ENDPOINT")


HOSTS = ("core.windows.net", "core.usgovcloudapi.net", "core.chinacloudapi.cn")


@pytest.mark.parametrize("host", [*(f"abc.blob.{host}" for host in HOSTS), "abc.z12.blob.storage.azure.net"])
def test_the_known_clouds_hosts_are_taken(tmp_path: Path, host: str) -> None:
    assert codes(tmp_path, f"inputs: {{a: {{url: 'https://{host}/ccc/d'}}}}\n") == ["TFI728"]


def pipe(path: Path) -> None:
    os.mkfifo(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("make", [pipe, sparse, device])
def test_a_manifest_that_is_no_page_of_text_is_refused_at_once(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "digits.yaml")
    began = time.monotonic()
    with pytest.raises(ManifestError, match=r"no regular file|larger than|link to a file outside"):
        load_project(tmp_path / "digits.yaml")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("key", ["entry_script", "pip_requirements_file", "conda_dependencies_file", "setup_script"])
@pytest.mark.parametrize("make", [pipe, sparse, device])
def test_nor_does_a_file_that_it_names_hold_anybody_up(tmp_path: Path, key: str, make: object) -> None:
    assert callable(make)
    (tmp_path / "train.py").write_text("print()\n")
    make(tmp_path / "odd")
    others = "" if key == "entry_script" else "entry_script: train.py\n"
    (tmp_path / "digits.yaml").write_text(f"{others}{key}: odd\n")
    began = time.monotonic()
    if key == "setup_script" and make is sparse:
        return  # it is shipped, and not read here
    with pytest.raises(ManifestError, match=r"no regular file|larger than (2|10) MB|leaves source_directory"):
        check_manifest(load_project(tmp_path / "digits.yaml"))
    assert time.monotonic() - began < 20


def test_a_long_value_is_shortened_and_control_characters_are_spelt(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        checked(tmp_path, f"node_count: {'x' * 900_000}\n'ke\u2028y': 1\n" + 'ps: "\\e]0;title\\a"\n')
    for found in caught.value.diagnostics:
        assert len(found.message) + len(found.hint or "") < 3000
        assert (found.message + (found.hint or "")).isprintable()


def test_many_keys_are_not_blamed_on_aliases(tmp_path: Path) -> None:
    keys = "".join(f"  k{n}: 1\n" for n in range(30_000))
    with pytest.raises(ManifestError, match=r"holds more than 20,000 values"):
        checked(tmp_path, f"tags:\n{keys}")
    bomb = "a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
    with pytest.raises(ManifestError, match="aliases expand to"):
        checked(tmp_path, f"{bomb}d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d]\n")
