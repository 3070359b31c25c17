"""Text that others wrote (a training script, a node, a store, a cloud) as a terminal and a CI system may have it: what
it says stays, what they would obey goes. Everything that tfinfra prints passes here.

A terminal obeys escape sequences (ECMA-48; xterm's "Control Sequences"), control characters and, in how it orders text,
the bidirectional ones (trojansource.codes). A CI system obeys lines:

    GitHub           ::name …::…, with blanks before it; ##[name] anywhere   actions/runner, ActionCommand.cs
    Azure Pipelines  ##vso[…], ##[…] anywhere                                azure-pipelines-agent, Command.cs
    TeamCity         ##teamcity[…] anywhere
    GitLab           section_start:…, section_end:…                          docs.gitlab.com/ci/jobs/job_logs
    Buildkite        ---, +++, ~~~ and ^^^ +++ at a line's begin             buildkite.com/docs, "Managing log output"
"""

from __future__ import annotations

import re
from collections.abc import Callable

ODD = "\N{REPLACEMENT CHARACTER}"
"""What stands for a character that a terminal would obey, or could not show."""
RESET = "\x1b[0m"
_LONGEST_STRING = 4096  # characters of an escape's own text (a title, a link) that are taken for it, and go with it

_COLOR = re.compile(r"\x1b\[([0-9;:]{0,64})m")
_ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,256}[ -/]{0,16}[@-~]"  # CSI: cursor, erasing, colours, modes
    rf"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\n\x80-\x9f]{{0,{_LONGEST_STRING}}}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]{0,16}[0-OQ-WYZ\\`-~]"  # two or three characters: reset, character sets; not the begin of those above
)
_COLORED, _SIZES = ("38", "48", "58"), {"5": 2, "2": 4}
"""What a colour follows, by its number or by three (ITU-T T.416; xterm, "Character Attributes (SGR)")."""
_CONCEALING = ("5", "6", "8")
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0]"
    "|(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""What Python prints and nobody sees (Unicode's Default_Ignorable_Code_Point, and Braille's blank). One character that
selects a letter's form is a part of the writing; a row of them is a text that is hidden."""
_LINE_ENDS = re.compile(r"(?<!\r)\r+\n")
_JOINERS = re.compile("(?<=[^\x00-\x9f\u2000-\u206f])([\u200c\u200d])(?=[^\x00-\x9f\u2000-\u206f])")
"""Between letters and signs of other alphabets they are a part of the writing, and of many an emoji."""
_ANYWHERE = re.compile(r"#(?=#(?:\[|vso\[|teamcity\[))|(?<=section)_(?=(?:start|end):)", re.IGNORECASE)
_AT_BEGIN = re.compile(r"^([^\S\n]*)(?=::[A-Za-z])|^(?=(?:---|\+\+\+|~~~|\^\^\^) )", re.MULTILINE)


def clean(text: str, *, color: bool = False) -> str:
    """`text` without what a terminal or a CI system would obey; its line ends stay. With `color`, colours and weights
    stay too, and end with their line."""
    text = _LINE_ENDS.sub("\n", text)
    if not color or "\x1b[" not in text:
        return defused(_plain(text))
    return "\n".join(_colored(line) for line in text.split("\n"))


def clean_line(text: str) -> str:
    """Clean and on one line, also where that is wrapped: what begins a word may come to begin a line."""
    return clean("\n".join(text.split())).replace("\n", " ")


def defused(text: str) -> str:
    """Printable `text` without commands of CI systems: a blank within their marker, or a dot before one at a line's
    begin, and they are text."""
    return _AT_BEGIN.sub(lambda found: f"{found[1] or ''}·", _ANYWHERE.sub(lambda found: f"{found[0]} ", text))


def one_for_one(text: str) -> str:
    """One line of `text`, each character in its place: what is not shown as it stands is ODD."""
    return _ANYWHERE.sub(ODD, "".join(c if c.isprintable() else ODD for c in _UNSEEN.sub(ODD, text)))


def spelt_out(text: str) -> str:
    """`text` for a page, which obeys no command: without escape sequences; a character that is not shown as it stands,
    or that orders others, is there by its number (\\u202e). Line ends and tabs stay."""
    return _cleaned(text, _escaped_always, _spelt)


def defused_json(document: str) -> str:
    """A JSON text that says the same, in characters that a terminal and a CI system only show."""
    document = _ANYWHERE.sub(lambda found: _escaped_always(found[0]), document)
    if _is_plain(document):
        return document
    return "".join(map(_escaped, _UNSEEN.sub(lambda found: _escaped_always(found[0]), document)))


def _colored(line: str) -> str:
    """The line with its colours, unless they stand within a command: who drops them would find it."""
    bare = _plain(line)
    if (safe := defused(bare)) != bare:
        return safe
    parts = _COLOR.split(line)  # text, parameters, text, parameters, …
    painted = [_plain(part) if index % 2 == 0 else _kept(part) for index, part in enumerate(parts)]
    return "".join(painted) + (RESET if any(painted[1::2]) else "")


def _kept(parameters: str) -> str:
    """The sequence for what shows text in another way; "" for one that conceals or blinks it."""
    left, kept = parameters.split(";"), list[str]()
    while left:
        first, *inner = left.pop(0).split(":")
        if first in _COLORED:
            if not inner:
                size = _SIZES.get(left[0] if left else "", 0)
                inner, left = left[:size], left[size:]
            elif len(inner) == _SIZES["2"] + 1:
                del inner[1]  # the colours' space, which is left open
            if len(inner) != _SIZES.get("".join(inner[:1])):
                return ""  # what follows is the colour for one terminal, and a command for another
        elif first.lstrip("0") in _CONCEALING:
            return ""
        else:
            first = "24" if first.lstrip("0") == "4" and inner and inner[0] and not inner[0].strip("0") else first
            inner = []  # an underline's form, of which 0 is none
        kept += [first, *inner]
    return f"\x1b[{';'.join(kept)}m" if all(len(number) <= 3 and ":" not in number for number in kept) else ""


def _plain(text: str) -> str:
    """`text` without escape sequences, with ODD for whatever else is not shown as it stands."""
    return _cleaned(text, lambda _: ODD, _shown)


def _cleaned(text: str, unseen: Callable[[str], str], shown: Callable[[str], str]) -> str:
    """`text` without escape sequences, with what `unseen` gives for what nobody would see, and `shown` for each other
    character."""
    if _is_plain(text):
        return text
    parts = _JOINERS.split(_UNSEEN.sub(lambda found: unseen(found[0]), _ESCAPE.sub("", text)))
    return "".join("".join(map(shown, part)) if index % 2 == 0 else part for index, part in enumerate(parts))


def _is_plain(text: str) -> bool:
    printed = text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable()
    return printed and (text.isascii() or not _UNSEEN.search(text))


def _shown(character: str) -> str:
    if character.isprintable() or character in "\n\t":
        return character
    if character == "\r":
        return "\n"  # what stands before it must not be overwritten
    return " " if character.isspace() and character > "\x9f" else ODD  # other alphabets' blanks


def _spelt(character: str) -> str:
    return character if character in "\n\t" or character.isprintable() else _escaped_always(character)


def _escaped(character: str) -> str:
    return character if character == "\n" or character.isprintable() else _escaped_always(character)


def _escaped_always(character: str) -> str:
    pair = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{pair[i : i + 4]}" for i in range(0, len(pair), 4))
