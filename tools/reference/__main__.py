"""`python -m tools.reference [FOLDER]` writes the pages of docs/reference/ anew, or into FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.reference.pages import FOLDER, pages


def main(words: list[str]) -> None:
    folder = Path(words[0]) if words else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
