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
    merged: dict[str, Any] = {}
    for text in _parts(custom_data):
        part = _mapping(text)
        append = _appends_lists(part.pop("merge_how", None) or part.pop("merge_type", None))
        merged = _merge(merged, part, append)
    return merged


def write_files(config: Mapping[str, Any], root: Path) -> dict[str, Path]:
    """Writes the config's `write_files` below `root`; returns where each path went."""
    return {entry["path"]: _write_file(entry, root) for entry in config.get("write_files", [])}


def commands(config: Mapping[str, Any], written: Mapping[str, Path], python: str) -> list[list[str]]:
    """The config's `runcmd` for a machine that is a folder: written files at their place, `python3` the given one."""
    return [[_word(w, written, python) for w in _argv(line)] for line in config.get("runcmd", [])]


def boot_scripts(root: Path, python: str) -> list[list[str]]:
    """How to run the scripts below `root` that cloud-init runs at every boot, in its order, those of Python by the
    given `python`."""
    folder = root / PER_BOOT.relative_to("/")
    scripts = sorted(path for path in folder.glob("*") if os.access(path, os.X_OK))
    return [[python, str(path)] if _is_python(path) else [str(path)] for path in scripts]


def _is_python(script: Path) -> bool:
    with script.open("rb") as lines:
        return lines.readline().rstrip().endswith(b"python3")


def _argv(line: str | list[Any]) -> list[str]:
    return ["sh", "-c", line] if isinstance(line, str) else [str(word) for word in line]


def _word(word: str, written: Mapping[str, Path], python: str) -> str:
    return python if word == "python3" else str(written.get(word, word))


def _parts(custom_data: bytes) -> list[str]:
    if custom_data.lstrip().startswith(b"#cloud-config"):
        return [custom_data.decode("utf-8")]
    message = email.message_from_bytes(custom_data, policy=email.policy.default)
    parts = [p for p in message.walk() if p.get_content_type() == "text/cloud-config"]
    if not parts:
        raise ValueError("the customData holds no text/cloud-config part")
    return [_text(p.get_payload(decode=True)) for p in parts]


def _text(payload: Any) -> str:
    if not isinstance(payload, bytes):
        raise ValueError("a part of the customData is not a document")  # noqa: TRY004 - the data is wrong, not the call
    return payload.decode("utf-8")


def _mapping(text: str) -> dict[str, Any]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, the quick one where it was built
    if not isinstance(data, dict):
        raise ValueError("a cloud-config part is not a mapping")  # noqa: TRY004 - the data is wrong, not the call
    return data


def _appends_lists(merge_how: Any) -> bool:
    if isinstance(merge_how, str):
        return "list(append)" in merge_how
    return any(m.get("name") == "list" and "append" in m.get("settings", []) for m in merge_how or [])


def _merge(old: dict[str, Any], new: dict[str, Any], append: bool) -> dict[str, Any]:
    both = {k: old[k] + v for k, v in new.items() if append and isinstance(v, list) and isinstance(old.get(k), list)}
    return {**old, **({**new, **old} if append else new), **both}


def _write_file(entry: Mapping[str, Any], root: Path) -> Path:
    path = PurePosixPath(entry["path"])
    if ".." in path.parts or not path.is_absolute():
        raise ValueError(f"write_files: '{path}' is not an absolute path")
    target = root / path.relative_to("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.touch()
    target.chmod(int(str(entry.get("permissions", "0644")), 8) | 0o200)  # before the content, which may be secret
    with target.open("ab" if entry.get("append") else "wb") as out:
        out.write(_content(entry))
    return target


def _content(entry: Mapping[str, Any]) -> bytes:
    content = entry.get("content", "")
    data = content if isinstance(content, bytes) else str(content).encode("utf-8")
    encoding = str(entry.get("encoding", "")).lower()
    if encoding in ("b64", "base64", "gz+b64", "gzip+base64", "gz+base64", "gzip+b64"):
        data = base64.b64decode(data)
    return gzip.decompress(data) if encoding.startswith("gz") else data
