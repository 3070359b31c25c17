"""The bill of materials of a release: valid against its schema, and whole."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import tfinfra

ROOT = Path(__file__).resolve().parents[1]


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes(tmp_path: Path) -> None:
    """`bin/sbom` ends with 0 only for a document that its schema allows."""
    file = tmp_path / "sbom.json"
    done = subprocess.run([ROOT / "bin/sbom", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(file.read_text())
    what = document["metadata"]["component"]
    assert (document["bomFormat"], what["name"], what["version"]) == ("CycloneDX", "tfinfra", tfinfra.__version__)
    lock = (ROOT / "requirements/run.lock").read_text()
    locked = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock, re.MULTILINE)
    named = {(c["name"], c["version"]): c for c in document["components"]}
    assert len(locked) > 50
    assert set(named) == set(locked)
    hashes = [h["content"] for c in named.values() for r in c["externalReferences"] for h in r["hashes"]]
    assert set(hashes) == set(re.findall(r"sha256:([0-9a-f]{64})", lock))
