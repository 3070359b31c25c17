"""Paths as other systems and shells write them, and what to write here instead."""

from __future__ import annotations

import posixpath
import re

from tfinfra.manifest.key_schema import CONTAINER

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|git@|azureml:")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_VARIABLE = re.compile(r"\$\w|\$\{|%\w+%")
_LAKE = re.compile(r"(?:abfss?|wasbs?)://([^@/]+)@([^./]+)\.(?:dfs|blob)\.core\.windows\.net(/.*)?", re.IGNORECASE)
"""How Spark and Hadoop write a place in Azure storage: container, account and path."""


def path_written_here(written: str) -> str | None:
    """What to write for a path that nothing is found at; None where it is a path like any other."""
    if _DRIVE.match(written):
        return "that is a path of Windows: write it as this machine has it, relative to the manifest"
    if _VARIABLE.search(written):
        return "variables are not expanded here: write the path itself; '~' is your home"
    if "\\" in written:
        return f"write {posixpath.normpath(written.replace(chr(92), '/'))}: '/' stands between folders"
    return None


def file_written_here(written: str) -> str | None:
    """The same of a path to code, which may be a URL, a repository or an asset of Azure ML."""
    if _REMOTE.match(written):
        return "a file or a folder of this machine is wanted: fetch what is there, and write its path"
    return path_written_here(written)


def data_written_here(written: str) -> str | None:
    """The same of a path to data, which may be a URL."""
    scheme = _SCHEME.match(written)
    if scheme is None:
        return path_written_here(written)
    if blob := blob_url(written):
        return f"write url: {blob}"
    if scheme[1].lower() == "file":
        return f"write {written.removeprefix(scheme[0]) or '/'}, without {scheme[0]}"
    if ".blob.core.windows.net/" in written:
        return "write it as `url:`"
    return f"nodes cannot read {scheme[1]}://: copy it to Azure Blob storage (`url:`), or to a path of this machine"


def target_named(written: str) -> str:
    """The name of a target, of `azureml:gpu-cluster@latest` as well."""
    return written.removeprefix("azureml:").partition("@")[0]


def unreadable(written: str) -> str | None:
    """What to do with data at this place, where nodes could not read it as an input's path or url."""
    if blob_url(written) or written.startswith("file://") or re.fullmatch(rf"{CONTAINER}(/.*)?", written):
        return None
    return data_written_here(written)


def blob_url(written: str) -> str | None:
    """The URL of Blob storage that a lake's one (abfss://container@account.dfs…/path) means."""
    found = _LAKE.fullmatch(written)
    return f"https://{found[2]}.blob.core.windows.net/{found[1]}{found[3] or ''}" if found else None
