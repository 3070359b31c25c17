"""The part of cloud-init that a process machine needs: merges the customData's cloud-config parts, writes their files
below a folder, and names the commands to run. Namespace machines and Azure run the real cloud-init instead."""

from __future__ import annotations

import base64
import email
import email.policy
import gzip
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

PER_BOOT = PurePosixPath("/var/lib/cloud/scripts/per-boot")


def read_custom_data(custom_data: bytes) -> dict[str, Any]:
    """The merged cloud-config of a MIME multipart (or of a bare `#cloud-config`).

    A later part replaces keys of an earlier one, unless its `merge_how` says to append lists, as cloud-init's
    documentation has it. Raises ValueError where a part is no cloud-config.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    merged: dict[str, Any] = {}
    for text in _parts(custom_data):
        part = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, the quick one where it was built
        if not isinstance(part, dict):
            raise ValueError("a cloud-config part is not a mapping")  # noqa: TRY004 - the data is wrong, not the call
        how = part.pop("merge_how", None) or part.pop("merge_type", None) or []  # in its short or its long form
        if isinstance(how, str):
            append = "list(append)" in how
        else:
            append = any(m.get("name") == "list" and "append" in m.get("settings", []) for m in how)
        lists = {k: v for k, v in part.items() if append and isinstance(v, list) and isinstance(merged.get(k), list)}
        both = {k: merged[k] + v for k, v in lists.items()}
        merged = {**merged, **({**part, **merged} if append else part), **both}
    return merged


def _parts(custom_data: bytes) -> list[str]:
    if custom_data.lstrip().startswith(b"#cloud-config"):
        return [custom_data.decode("utf-8")]
    message = email.message_from_bytes(custom_data, policy=email.policy.default)
    payloads = [p.get_payload(decode=True) for p in message.walk() if p.get_content_type() == "text/cloud-config"]
    if not payloads:
        raise ValueError("the customData holds no text/cloud-config part")
    documents = [payload.decode("utf-8") for payload in payloads if isinstance(payload, bytes)]
    if len(documents) < len(payloads):
        raise ValueError("a part of the customData is not a document")
    return documents


def write_files(config: Mapping[str, Any], root: Path) -> dict[str, Path]:
    """Writes the config's `write_files` below `root`; returns where each path went. Raises ValueError for a path that
    is not absolute."""
    written = {}
    for entry in config.get("write_files", []):
        path = PurePosixPath(entry["path"])
        if ".." in path.parts or not path.is_absolute():
            raise ValueError(f"write_files: '{path}' is not an absolute path")
        target = root / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
        content = entry.get("content", "")
        data = content if isinstance(content, bytes) else str(content).encode("utf-8")
        encoding = str(entry.get("encoding", "")).lower()
        if encoding in ("b64", "base64", "gz+b64", "gzip+base64", "gz+base64", "gzip+b64"):
            data = base64.b64decode(data)
        target.chmod(int(str(entry.get("permissions", "0644")), 8) | 0o200)  # before the content, which may be secret
        with target.open("ab" if entry.get("append") else "wb") as out:
            out.write(gzip.decompress(data) if encoding.startswith("gz") else data)
        written[entry["path"]] = target
    return written


def commands(config: Mapping[str, Any], written: Mapping[str, Path], python: str) -> list[list[str]]:
    """The config's `runcmd` for a machine that is a folder: names of `written` files become their paths, and `python3`
    becomes `python`."""
    found = []
    for line in config.get("runcmd", []):
        words = ["sh", "-c", line] if isinstance(line, str) else [str(word) for word in line]
        found.append([python if word == "python3" else str(written.get(word, word)) for word in words])
    return found


def boot_scripts(root: Path, python: str) -> list[list[str]]:
    """How to run the scripts below `root` that cloud-init runs at every boot, in its order, those of Python by the
    given `python`."""
    folder = root / PER_BOOT.relative_to("/")
    lines = []
    for script in sorted(path for path in folder.glob("*") if os.access(path, os.X_OK)):
        with script.open("rb") as content:
            is_python = content.readline().rstrip().endswith(b"python3")
        lines.append([python, str(script)] if is_python else [str(script)])
    return lines
