"""Text of others, as a terminal and a CI system may have it."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attacks import ATTACKS, obeyed
from tfinfra.text.cleaning import ODD, clean, defused_json, one_for_one

KEPT = {
    "words": ("loss: 0.25 — épochs ✓ 中文 👍", "loss: 0.25 — épochs ✓ 中文 👍"),
    "tabs and line ends": ("a\tb\n\nc\r\n", "a\tb\n\nc\n"),
    "other alphabets' blanks": ("1\u00a0000\u2028x", "1 000 x"),
    "what joins letters of other alphabets": (
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👨\u200d👩",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 👨\u200d👩",
    ),
    "a letter's form": ("❤\ufe0f 葛\U000e0100", "❤\ufe0f 葛\U000e0100"),
    "C++ within a line": ("std::vector::at ### title ##", "std::vector::at ### title ##"),
    "a link's words": ("\x1b]8;;http://evil.example\x1b\\words\x1b]8;;\x1b\\", "words"),
    "a progress bar's erasing": ("\x1b[2K\x1b[1A50%\x1b[?25h", "50%"),
    "what stands before a carriage return": ("rm -rf /\recho hello", "rm -rf /\necho hello"),
    "a command for GitHub": ("  ::add-mask::x", "  ·::add-mask::x"),
    "a command for Azure Pipelines": ("x ##vso[task.complete]y", "x # #vso[task.complete]y"),
    "a command that is hidden in colours": ("#\x1b[1m#vso[task.complete]y", "# #vso[task.complete]y"),
    "half a sequence": ("\x1b", ODD),
    "half a character": ("\udc80", ODD),
}
COLORS = {
    "a colour stays and ends with its line": (
        "\x1b[1;31mred\nplain",
        "\x1b[1;31mred\x1b[0m\nplain",
    ),
    "a colour by number, of eight": ("\x1b[38;5;8mgrey", "\x1b[38;5;8mgrey\x1b[0m"),
    "a colour by three numbers": ("\x1b[48;2;8;8;8mgrey", "\x1b[48;2;8;8;8mgrey\x1b[0m"),
    "a colour in its newer form, told in the older": ("\x1b[38:2::1:2:3;4:3mx", "\x1b[38;2;1;2;3;4mx\x1b[0m"),
    "an underline of another form is one, of the form 0 is none": (
        "\x1b[4:3mx\x1b[4:0my\x1b[04:00;1mz",
        "\x1b[4mx\x1b[24my\x1b[24;1mz\x1b[0m",
    ),
    "what conceals text does not": ("\x1b[8mhidden\x1b[1;08mtoo", "hiddentoo"),
    "what blinks does not": ("\x1b[5mx", "x"),
    "other sequences go": ("\x1b[31m\x1b[2Jx\x1b]0;title\x07y", "\x1b[31mxy\x1b[0m"),
    "colours of eight bits go": ("\x9b31mx", "x"),
    "a command takes its line's colours": ("\x1b[32m##[group]x", "# #[group]x"),
}


@pytest.mark.parametrize(("text", "shown"), KEPT.values(), ids=KEPT)
def test_what_is_shown(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(("text", "shown"), COLORS.values(), ids=COLORS)
def test_what_is_shown_with_colours(text: str, shown: str) -> None:
    assert clean(text, color=True) == shown


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_nothing_is_obeyed(attack: str, color: bool) -> None:
    assert obeyed(clean(attack, color=color), color=color) == []
    assert obeyed(clean(f"before {attack} after\n{attack}", color=color), color=color) == []


BITS = st.sampled_from(
    ["\x1b", "[", "]", "31m", "8", ";", "m", "\x07", "\x9b", "\\", "#", "##", "vso[", "::e", "\r", "\n", " "]
)


@given(st.lists(BITS | st.characters(), max_size=12).map("".join), st.booleans())
def test_nothing_is_obeyed_whatever_it_is(text: str, color: bool) -> None:
    shown = clean(text, color=color)
    assert obeyed(shown, color=color) == []
    assert clean(shown, color=color) == shown


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_document_says_the_same_in_other_characters(attack: str) -> None:
    shown = defused_json(json.dumps({"a": attack}, indent=2, ensure_ascii=False))
    assert obeyed(shown) == []
    assert json.loads(shown) == {"a": attack}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_line_of_a_file_keeps_its_columns(attack: str) -> None:
    shown = one_for_one(attack)
    assert len(shown) == len(attack)
    assert obeyed(f"1 | {shown}") == []


@pytest.mark.parametrize(
    "unit", ["\x1b", "\x1b]", "\x9d", "\x1b[", "\x1b[1", "\x1b[31m", "#", "##[", "\n ", "\u200d", "\r"]
)
@pytest.mark.parametrize("color", [False, True])
def test_it_takes_no_longer_than_the_text_is(unit: str, color: bool) -> None:
    text = unit * (1 << 16)
    began = time.process_time()
    clean(text, color=color)
    assert time.process_time() - began < 2
