"""Checks by programs of others, in an environment of their own (requirements/verifiers.lock). They take seconds to
start: each script looks at all that it is given."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.locked_tools import locked_tools

DOCUMENTS = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement
validator = JsonStrictValidator(SchemaVersion.V1_6)
for folder in sys.argv[1:]:
    fault = validator.validate_str(open(f"{folder}/bom.cdx.json", encoding="utf-8").read())
    assert fault is None, fault
    text = open(f"{folder}/statement.json", encoding="utf-8").read()
    Statement.copy_from_pb(json_format.Parse(text, statement_pb2.Statement())).validate()
"""
"""Each folder has a valid bill of materials, and a statement that is one of in-toto's."""
ENVELOPE = """
import json, sys
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey
from sigstore_models.bundle.v1 import Bundle
text = open(sys.argv[1], encoding="utf-8").read()
Bundle.from_json(text)
envelope = json.loads(text)["dsseEnvelope"]
for path in sys.argv[2:]:
    key = SSlibKey.from_crypto(load_pem_public_key(open(path, "rb").read()))
    signed = Envelope.from_dict({**envelope, "signatures": [{**s, "keyid": key.keyid} for s in envelope["signatures"]]})
    try:
        signed.verify([key], threshold=1)
        print("taken", signed.payload == open(sys.argv[1].replace(".sigstore", ""), "rb").read())
    except VerificationError:
        print("refused")
"""
"""A Sigstore bundle, held against each of the public keys that follow."""


def checked(script: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """The end of one of these scripts on the files."""
    python = locked_tools("verifiers") / "python"
    return subprocess.run([python, "-c", script, *map(str, files)], capture_output=True, text=True, check=False)
