"""Paths that no manifest has, and names of two lines: each is told in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.cli.authoring.plan_source import source_lines
from tfinfra.cli.main import main
from tfinfra.travel.survey import Reason, SourceFile, Survey

TOLD = {
    "a name of two lines": ("a\nb.yaml", "cannot read 'a\\nb.yaml': no such file", "--> a\\nb.yaml:1:1"),
    "stdin by its file": ("/dev/stdin", "", "write `-`: that reads stdin"),
    "a shell's pipe": ("/dev/fd/4040", "", "write `-`: that reads stdin"),
}


@pytest.mark.parametrize(("path", "message", "hint"), TOLD.values(), ids=TOLD)
def test_the_way_out_of_a_path(path: str, message: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", path]) == 3
    told = capsys.readouterr().err
    assert message in told
    assert hint in told


@pytest.mark.parametrize("words", [["validate"], ["plan"], ["init"], ["convert"], ["init", "--from"]], ids=" ".join)
def test_the_empty_text_is_no_path(words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.yaml").write_text("entry_script: train.py\n")
    (tmp_path / "train.py").write_text("print()\n")
    assert main([*words, ""]) == 2


def test_a_plan_has_each_name_in_one_line() -> None:
    files = tuple(SourceFile(name, 1, executable=False, link=None) for name in ("a\nerror: b", "c"))
    lines = [*source_lines(Survey(files, {"d\ne.pem": Reason("a private key")}))]
    assert "  the largest: a\\nerror: b (1 byte), c (1 byte)" in lines
    assert not any("\n" in line for line in lines[1:])
