"""`python -m tfinfra`: the command, for whoever has the interpreter and not the script on PATH."""

import sys

from tfinfra.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
