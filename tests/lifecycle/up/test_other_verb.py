"""A tune is begun by `tfinfra tune`, a run by `tfinfra up`: whoever takes one for the other is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfinfra.errors import UsageError
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.up.other_verb import refuse_other_verb

SEARCHING = {"tune": {"sampling": "random"}}
REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a search begun as a run": (SEARCHING, {}, "searches"),
    "a run begun as a search": ({}, {"tune": True}, "no `tune`"),
    "a search that nobody drives": (SEARCHING, {"tune": True, "detach": True}, "--detach"),
    "a search whose nodes stay": (SEARCHING, {"tune": True, "keep": True}, "--keep"),
    "a search on the nodes of a run": (SEARCHING, {"tune": True, "on": "digits-abc123"}, "--on"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case: str) -> None:
    manifest, options, word = REFUSED[case]
    with pytest.raises(UsageError, match=word):
        refuse_other_verb(manifest, UpOptions(Path(), **options))


def test_each_by_its_own_verb_is_begun() -> None:
    refuse_other_verb(SEARCHING, UpOptions(Path(), tune=True))
    refuse_other_verb({}, UpOptions(Path()))
