"""Paths as other systems and shells write them: each by a sentence."""

from __future__ import annotations

import pytest

from tfinfra.manifest.words.foreign_paths import blob_url, data_written_here

TOLD = {
    "a folder of Windows": (".\\src\\main", "write src/main: '/' stands between folders"),
    "a drive": (
        "C:\\Users\\me",
        "that is a path of Windows: write it as this machine has it",
    ),
    "a drive, with slashes": ("D:/data", "that is a path of Windows"),
    "a shell's variable": ("$HOME/data", "variables are not expanded here"),
    "the same in braces": ("${DATA}/x", "variables are not expanded here"),
    "a variable of Windows": ("%USERPROFILE%\\x", "variables are not expanded here"),
    "another store": ("s3://bucket/x", "nodes cannot read s3://: copy it to Azure Blob storage (`url:`)"),
    "a file's URL": ("file:///data/x", "write /data/x, without file://"),
    "a URL of Blob storage": ("https://a.blob.core.windows.net/c/x", "write it as `url:`"),
    "a lake's": ("abfss://c@acc.dfs.core.windows.net/x", "write url: https://acc.blob.core.windows.net/c/x"),
    "a plain one": ("data/x y.csv", None),
    "one with a price": ("cost$/x", None),
}


@pytest.mark.parametrize(("written", "told"), TOLD.values(), ids=TOLD)
def test_what_to_write_instead(written: str, told: str | None) -> None:
    said = data_written_here(written)
    assert said is None if told is None else said is not None and said.startswith(told)


def test_a_lakes_place_in_blob_storage() -> None:
    assert blob_url("wasbs://c@acc.blob.core.windows.net") == "https://acc.blob.core.windows.net/c"
    assert blob_url("https://acc.blob.core.windows.net/c") is None
