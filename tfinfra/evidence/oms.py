"""The statement of OpenSSF Model Signing v1.0 over the files of outputs/
(github.com/ossf/model-signing-spec, spec/v1.0.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from tfinfra.evidence.names import OUTPUTS

PREDICATE = "https://model_signing/signature/v1.0"
LEFT_OUT = (".git", ".gitattributes", ".github", ".gitignore")
"""At the top of a model, as its section 6.2 wants."""


class NoModel(ValueError):
    """Nothing that this format can sign; the text says why, after "outputs/"."""


def model_statement(digests: Mapping[str, str], run: str) -> bytes:
    """The in-toto statement over {path in outputs/: digest} of the run. Raises NoModel."""
    files = model_files(digests)
    odd = next((name for name in files if not _is_text(name)), None)
    if odd is not None:
        raise NoModel(f"has a name that is not UTF-8: {odd.encode('utf-8', 'backslashreplace').decode()}")
    if not files:
        raise NoModel("holds no file")
    names = sorted(files)
    document = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": f"{run}/{OUTPUTS}", "digest": {"sha256": root_digest(files)}}],
        "predicateType": PREDICATE,
        "predicate": {
            "serialization": {
                "method": "files",
                "hash_type": "sha256",
                "allow_symlinks": False,
                "ignore_paths": list(LEFT_OUT),
            },
            "resources": [{"name": name, "algorithm": "sha256", "digest": files[name]} for name in names],
        },
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def outputs_in(made: Mapping[str, str]) -> dict[str, str]:
    """Those in outputs/ of {name in the run's folder: digest}, by their names there."""
    prefix = f"{OUTPUTS}/"
    return {name.removeprefix(prefix): digest for name, digest in made.items() if name.startswith(prefix)}


def model_files(digests: Mapping[str, str]) -> dict[str, str]:
    """Those of the files that are the model's."""
    return {name: digest for name, digest in digests.items() if name.partition("/")[0] not in LEFT_OUT}


def root_digest(digests: Mapping[str, str]) -> str:
    """The one digest over all files: SHA-256 of their digests, in the order of their names."""
    state = hashlib.sha256()
    for name in sorted(digests):
        state.update(bytes.fromhex(digests[name]))
    return state.hexdigest()


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
