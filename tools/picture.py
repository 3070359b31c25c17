"""`python -m tools.picture FILE TEXT -- COMMAND…` runs a command on a terminal of its own and draws the last screen
that shows TEXT (a regular expression), as SVG. The picture of the README is made so, in the checkout, with .venv/bin on
PATH:

    python -m tools.picture docs/_site/run.svg '(?s)compile.*Epoch' -- tfinfra up examples/digits/horovod.yaml
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
from rich.console import Console
from rich.text import Text

WIDTH, HEIGHT = 100, 28
_BETWEEN = 0.2
"""Seconds between two looks at the screen."""
_FONTS = re.compile(r"@font-face\s*{.*?}\s*", re.DOTALL)
"""rich's pictures name fonts of another host: a picture asks nobody for anything, so the reader's own are taken."""
_NAMES = {"brown": "yellow", "default": ""}
"""pyte's names of colours that rich has under another name."""


def screens(command: list[str]) -> Iterator[tuple[Text, ...]]:
    """The screens of a command on a terminal, one after the other; the last one when it has ended."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    stream = pyte.ByteStream(screen)
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True)
    os.close(its)
    looked = time.monotonic()
    while data := _read(ours):
        stream.feed(data)
        if time.monotonic() - looked > _BETWEEN:
            looked = time.monotonic()
            yield lines_of(screen)
    os.close(ours)
    process.wait()
    yield lines_of(screen)


def _read(terminal: int) -> bytes:
    select.select([terminal], [], [])
    try:
        return os.read(terminal, 65536)
    except OSError:  # nobody has the other end any more
        return b""


def lines_of(screen: pyte.Screen) -> tuple[Text, ...]:
    """What a screen shows, with its colours, without the empty lines at its end."""
    lines = []
    for row in range(screen.lines):
        line = Text()
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            line.append(cell.data, " ".join(word for word in _style(cell) if word))
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1].plain:
        lines.pop()
    return tuple(lines)


def _style(cell: pyte.screens.Char) -> Iterator[str]:
    colour = _NAMES.get(cell.fg, cell.fg)
    yield f"#{colour}" if re.fullmatch("[0-9a-f]{6}", colour) else re.sub("^bright(?=[a-z])", "bright_", colour)
    yield "bold" if cell.bold else ""


def drawn(lines: tuple[Text, ...], title: str) -> str:
    """The SVG picture of a screen."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        for line in lines:
            console.print(line, no_wrap=True, crop=True)
        return _FONTS.sub("", console.export_svg(title=title, unique_id="run"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("text")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    shown: tuple[Text, ...] = ()
    for lines in screens(given.command):
        if re.search(given.text, "\n".join(line.plain for line in lines)):
            shown = lines
    if not shown:
        sys.stderr.write(f"error: no screen has shown {given.text}\n")
        return 1
    title = " ".join([Path(given.command[0]).name, *given.command[1:]])
    given.file.write_text(drawn(shown, title), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
