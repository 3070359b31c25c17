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
        if any("8" in re.split("[;:m[]", c) and "38" not in c and "48" not in c for c in colors):
            found.append(f"hidden text in {line!r}")
    plain = _SHOWN_COLOR.sub("", printed)
    joined = re.sub("(?<=[^\x00-\x9f])[\u200c\u200d](?=[^\x00-\x9f])", "", plain)
    found += [f"{c!r} in {plain!r}" for c in joined if c not in "\n\t" and not c.isprintable()]
    return found + [f"{command!r}" for command in _COMMANDS.findall(plain)]
