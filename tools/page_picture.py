"""`python -m tools.page_picture PAGE FILE [--dark]` draws the top of a page as chromium shows it, as WebP. The pictures
of a run's page in the README are made so, out of a run of examples/digits/metrics.yaml:

    python -m tools.page_picture runs/<run>/report.html docs/_site/report.webp
    python -m tools.page_picture runs/<run>/report.html docs/_site/report-dark.webp --dark
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTH, HEIGHT = 1180, 840
_DARK = "--blink-settings=preferredColorScheme=0"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--dark", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as profile:
        command = [
            *("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
            *(f"--user-data-dir={profile}", f"--window-size={WIDTH},{HEIGHT}"),
            *((_DARK,) if given.dark else ()),
            *(f"--screenshot={given.file.absolute()}", given.page.absolute().as_uri()),
        ]
        subprocess.run(command, check=True, capture_output=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
