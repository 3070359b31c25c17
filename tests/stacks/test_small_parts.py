"""The pure parts of the stacks: names, times, the timer's definition, the customData, the key that is nobody's."""

from __future__ import annotations

import base64
import email
import hashlib
import json
import re
import struct

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stacks.custom_data import custom_data
from stacks.roles import assignment_name, group_deleter
from stacks.run import account_name
from stacks.scale_set import NOBODYS_KEY
from tfinfra.arm.deleter_role import group_deleter_id
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION

RUNS = st.from_regex(r"[a-z][a-z0-9-]{0,23}-[a-z0-9]{6}", fullmatch=True)


@given(RUNS, st.sampled_from(["blob", "file"]))
def test_an_account_name_is_one_that_storage_takes(run: str, purpose: str) -> None:
    name = account_name(purpose, run)
    assert re.fullmatch(r"[a-z0-9]{3,24}", name)
    assert name == account_name(purpose, run)


@given(RUNS, RUNS)
def test_two_runs_have_two_accounts(one: str, other: str) -> None:
    assert (account_name("blob", one) == account_name("blob", other)) == (one == other)


def test_granting_twice_is_one_assignment_whatever_the_case_of_the_ids() -> None:
    assert assignment_name("/Sub/A", "P", "R") == assignment_name("/sub/a", "p", "r")
    assert assignment_name("/sub/a", "p", "r") != assignment_name("/sub/b", "p", "r")


def test_the_role_that_the_stacks_grant_is_the_one_that_setup_makes() -> None:
    assert group_deleter(SUBSCRIPTION) == group_deleter_id(SUBSCRIPTION)


CLOUD_INITS = {
    "plain": "#cloud-config\nlocale: C.UTF-8\nwrite_files: []\n",
    "a line that mail software mangles": "#cloud-config\nruncmd:\n  - |\n    x\nFrom: y\nlong: " + "z" * 2000 + "\n",
    "beyond ASCII": "#cloud-config\n# größer\n",
}


@pytest.mark.parametrize("text", CLOUD_INITS.values(), ids=CLOUD_INITS.keys())
def test_custom_data_carries_cloud_init_word_for_word_and_the_settings_after_it(text: str) -> None:
    settings = json.dumps({"run": "digits-ab12cd", "shared": None})
    first, second = _parts(custom_data(text, settings))
    assert first == text
    document = yaml.safe_load(second)
    assert document["write_files"][0] == {
        "path": "/etc/tfinfra/settings.json",
        "permissions": "0644",
        "content": settings,
    }
    assert [how["name"] for how in document["merge_how"]] == ["list", "dict"]


def _parts(encoded: str) -> list[str]:
    """The contents of the message's parts, all of which must be cloud-config."""
    whole, *parts = email.message_from_bytes(base64.b64decode(encoded)).walk()
    assert whole.is_multipart()
    assert {part.get_content_type() for part in parts} == {"text/cloud-config"}
    contents = [part.get_payload(decode=True) for part in parts]
    return [content.decode("utf-8") for content in contents if isinstance(content, bytes)]


def test_custom_data_is_the_same_bytes_each_time_and_never_too_long_for_azure() -> None:
    assert custom_data("a", "{}") == custom_data("a", "{}")
    with pytest.raises(ValueError, match="65535"):
        custom_data("x" * 70_000, "{}")


def test_the_administrators_key_is_a_point_that_nobody_knows_the_secret_of() -> None:
    """The first point that SHA-256 of a plain sentence and a counter hits: an Ed25519 key whose discrete logarithm
    would have to be found."""
    sentence, counter = "tfinfra: no sshd runs on a node, and this is nobody's key", 0
    while not _is_point(raw := hashlib.sha256(f"{sentence} {counter}".encode()).digest()):
        counter += 1
    blob = struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32) + raw
    assert NOBODYS_KEY.split()[:2] == ["ssh-ed25519", base64.b64encode(blob).decode()]


def _is_point(raw: bytes) -> bool:
    """Whether the 32 bytes encode a point of edwards25519 (RFC 8032, 5.1.3)."""
    p = 2**255 - 19
    d = -121665 * pow(121666, p - 2, p) % p
    y = int.from_bytes(raw, "little") & ((1 << 255) - 1)
    x2 = (y * y - 1) * pow(d * y * y + 1, p - 2, p) % p
    return y < p and pow(x2, (p - 1) // 2, p) in (0, 1)
