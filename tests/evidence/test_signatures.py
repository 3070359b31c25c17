"""What a key signed, held against the key by openssl and by programs of others."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.foreign import ENVELOPE, checked
from tests.evidence.made import FILES, RUN, a_key, a_material, at_home
from tfinfra.evidence import names
from tfinfra.evidence.build import signatures, unsigned
from tfinfra.evidence.dsse import BadBundle, pae, read_bundle
from tfinfra.evidence.oms import NoModel, model_statement


def openssl(folder: Path, public: bytes, data: bytes, signature: bytes) -> bool:
    for name, content in (("k", public), ("data", data), ("sig", signature)):
        (folder / name).write_bytes(content)
    line = ["openssl", "dgst", "-sha256", "-verify", "k", "-signature", "sig", "data"]
    return subprocess.run(line, cwd=folder, capture_output=True, check=False).returncode == 0


def test_openssl_takes_the_signature_over_the_statement_and_no_other(tmp_path: Path) -> None:
    key, files = a_key(), unsigned(a_material())
    signed = read_bundle(signatures(files[names.STATEMENT], {}, RUN, key.signer).files[names.SIGNED_STATEMENT])
    assert signed.payload == files[names.STATEMENT]
    assert signed.fingerprint == key.signer.fingerprint
    assert openssl(tmp_path, key.signer.public_key, pae(signed.payload), signed.signature)
    assert not openssl(tmp_path, key.signer.public_key, pae(signed.payload + b" "), signed.signature)
    assert not openssl(tmp_path, a_key().signer.public_key, pae(signed.payload), signed.signature)


def test_a_dsse_library_takes_the_bundle_by_its_own_key_alone(tmp_path: Path) -> None:
    run = at_home(tmp_path, signer=a_key().signer)
    (tmp_path / "other.pub").write_bytes(a_key().signer.public_key)
    done = checked(ENVELOPE, run / "audit" / names.SIGNED_STATEMENT, tmp_path / "key.pub", tmp_path / "other.pub")
    assert done.stdout.splitlines() == ["taken True", "refused"], done.stderr


def test_resources_are_in_the_order_of_code_points_and_git_stays_out() -> None:
    digests = dict.fromkeys(["b", "a/b", "a-b", "Ä", ".git/config", ".gitignore", "a/.git"], "ab" * 32)
    predicate = json.loads(model_statement(digests, RUN))["predicate"]
    assert [resource["name"] for resource in predicate["resources"]] == ["a-b", "a/.git", "a/b", "b", "Ä"]


@pytest.mark.parametrize("names_of_files", [[], [".gitignore"], ["model", "byte\udcff"]])
def test_nothing_is_signed_as_a_model_that_the_format_cannot_hold(names_of_files: list[str]) -> None:
    with pytest.raises(NoModel):
        model_statement(dict.fromkeys(names_of_files, "ab" * 32), RUN)


def test_a_run_without_outputs_is_signed_all_the_same() -> None:
    files = {"tasks/rank-0.log": FILES["tasks/rank-0.log"]}
    material = a_material(files)
    signed = signatures(unsigned(material)[names.STATEMENT], material.made, RUN, a_key().signer)
    assert (list(signed.files), signed.unsigned) == ([names.SIGNED_STATEMENT], "outputs/ holds no file")


def _changed(change: Any) -> bytes:
    document = json.loads(signatures(b"{}", {}, RUN, a_key().signer).files[names.SIGNED_STATEMENT])
    change(document)
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("dsseEnvelope"),
        lambda d: d.update(mediaType="application/json"),
        lambda d: d["dsseEnvelope"].update(payloadType="text/plain"),
        lambda d: d["dsseEnvelope"].update(payload="%"),
        lambda d: d["dsseEnvelope"].update(payload=None),
        lambda d: d["dsseEnvelope"].update(signatures=[]),
        lambda d: d["dsseEnvelope"]["signatures"].append({"sig": "", "keyid": ""}),
        lambda d: d["verificationMaterial"].update(publicKey={"hint": 1}),
        lambda d: d.update(verificationMaterial=[]),
    ],
)
def test_what_is_no_bundle_is_refused(change: Any) -> None:
    with pytest.raises(BadBundle):
        read_bundle(_changed(change))


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"[" * 100_000, b"null"])
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(BadBundle):
        read_bundle(data)
