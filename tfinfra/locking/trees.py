"""Digests of trees: one text for all files of a folder, so that a file that comes, goes or changes changes it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping

_ODD = re.compile(r"[%\x00-\x1f\x7f-\x9f\ud800-\udfff\ufeff\u2028\u2029\ufffe\uffff]")


def tree_digest(files: Mapping[str, str]) -> str:
    """ "sha256:…" over a line for each file, "<path>\\0<text>\\n", in the order of the paths' bytes."""
    state = hashlib.sha256()
    for name in sorted(files, key=os.fsencode):
        state.update(os.fsencode(name) + b"\0" + files[name].encode("utf-8", "surrogateescape") + b"\n")
    return f"sha256:{state.hexdigest()}"


def spelt(name: str) -> str:
    """A file's name as a lock holds it: what YAML or UTF-8 cannot hold, and the sign '%' itself, as %XX by byte. Case
    and Unicode form stay as they are: they tell two files apart."""
    return _ODD.sub(lambda found: "".join(f"%{byte:02X}" for byte in os.fsencode(found[0])), name)
