"""What a rebuild's processes have of the auditor's environment."""

from __future__ import annotations

from pathlib import Path

from tfinfra.lifecycle.auditing.rebuild.in_child import Room
from tfinfra.lifecycle.auditing.rebuild.surroundings import surroundings

INDEX = "https://index.example/simple"
OF_THE_AUDITOR = {
    "PATH": "/usr/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/home/ada",
    "XDG_CONFIG_HOME": "/home/ada/.config",
    "https_proxy": "http://proxy.example:3128",
    "HTTP_PROXY": "http://ada:word@proxy.example:3128",
    "SSL_CERT_FILE": "/etc/own.pem",
    "AZURE_CLIENT_SECRET": "s",
    "ARM_CLIENT_SECRET": "s",
    "TFINFRA_AUDIT_PASSPHRASE": "s",
    "TFINFRA_CI_TOKEN": "s",
    "GITHUB_TOKEN": "s",
    "UV_INDEX": "https://other.example/simple",
    "UV_INDEX_CORP_PASSWORD": "s",
    "UV_CONFIG_FILE": "/home/ada/uv.toml",
    "PIP_CONFIG_FILE": "/home/ada/pip.conf",
    "PIP_INDEX_URL": "https://ada:word@other.example/simple",
    "PYTHONPATH": "/home/ada/lib",
    "LD_PRELOAD": "/home/ada/evil.so",
    "NETRC": "/home/ada/.netrc",
    "SSH_AUTH_SOCK": "/run/agent",
    "CXXFLAGS": "-O1",
}


def test_nothing_is_left_of_whoever_audits_and_all_folders_are_the_rebuilds_own(tmp_path: Path) -> None:
    found = surroundings(OF_THE_AUDITOR, tmp_path, INDEX, builds=False)
    kept = {name: found[name] for name in OF_THE_AUDITOR if found.get(name) == OF_THE_AUDITOR[name]}
    assert kept == {
        "PATH": "/usr/bin",
        "LC_ALL": "C.UTF-8",
        "https_proxy": "http://proxy.example:3128",
        "SSL_CERT_FILE": "/etc/own.pem",
    }
    folders = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "UV_CACHE_DIR", "TFINFRA_CACHE_DIR")
    assert all(found[name].startswith(f"{tmp_path}/") for name in folders)
    assert (found["UV_NO_CONFIG"], found["PIP_CONFIG_FILE"], found["UV_PYTHON_DOWNLOADS"]) == (
        "1",
        "/dev/null",
        "never",
    )
    assert (found["UV_DEFAULT_INDEX"], found["PIP_INDEX_URL"]) == (INDEX, INDEX)
    assert "s" not in found.values()


def test_a_compilers_settings_stay_where_something_is_built(tmp_path: Path) -> None:
    assert surroundings(OF_THE_AUDITOR, tmp_path, INDEX, builds=True)["CXXFLAGS"] == "-O1"


def test_a_part_that_ends_in_another_way_than_with_an_answer_is_refused(tmp_path: Path) -> None:
    room = Room.made(tmp_path, OF_THE_AUDITOR, INDEX, builds=False)
    assert "exit status" in room.asks("deploy", {})["refused"]
