"""`python whole_install.py ROOT`: leaves in the checkout ROOT what `bin/tfinfra` installs at its first call, without
the minutes. Its packages are those of the Python that runs this."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

COMMAND = "import sys\nfrom tfinfra.__main__ import main\nsys.exit(main())\n"
PRINT = 'root=$1; . "$root/bin/_prepare.sh"; fingerprint run >"$root/.venv/tfinfra-run"'


def lay(root: Path) -> None:
    made = root / ".venv"
    venv.create(made, symlinks=True)
    (packages,) = made.glob("lib/python*/site-packages")
    (packages / "tfinfra.pth").write_text(f"{root}\n{sysconfig.get_path('purelib')}\n")
    (made / "bin/tfinfra").write_text(COMMAND)
    subprocess.run(["sh", "-c", PRINT, "sh", str(root)], check=True)


if __name__ == "__main__":
    lay(Path(sys.argv[1]))
