"""What other programs say is read as text, whatever they write and in whichever locale."""

from __future__ import annotations

import subprocess

import pytest

from tfinfra.system.process.commands import finished

SAID = {
    "nothing": ("", ""),
    "UTF-8": (r"caf\303\251", "café"),
    "another encoding": (r"caf\351", "caf\ufffd"),
}


@pytest.mark.parametrize("case", SAID)
def test_what_a_program_says_is_text(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    written, read = SAID[case]
    done = finished(["sh", "-c", f"printf '{written}'; printf '{written}' >&2; exit 3"])
    assert (done.stdout, done.stderr, done.returncode) == (read, read, 3)


def test_a_program_gets_what_it_is_given() -> None:
    assert finished(["cat"], input="é\n", env={"PATH": "/bin:/usr/bin"}).stdout == "é\n"


def test_a_program_that_does_not_end_is_told() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        finished(["sleep", "60"], timeout=0.05)
