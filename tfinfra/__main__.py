"""`python -m tfinfra`: the command, for whoever has the interpreter and not the script on PATH."""

import _signal  # type: ignore[import-not-found]  # in C, below `signal`
import os
import sys

_CANCELLED = 8
_DOCUMENT = (
    b'{"document": "error", "version": 1, "error": "cancelled; nothing was begun", "exit_code": 8, "hint": null,'
    b' "diagnostics": []}\n'
)


def main() -> int:
    """The command's process; what a console script calls. A signal is told from its first line on: what handles it
    later (cli/process.py) takes a while to load, and so does `signal` itself."""
    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, _leave)
    from tfinfra.cli.process import run

    return run()


def _leave(number: int, frame: object) -> None:
    del number, frame
    for stream, text in ((1, _DOCUMENT if "--json" in sys.argv else b""), (2, b"cancelled; nothing was begun\n")):
        try:
            os.write(stream, text)
        except OSError:  # a stream that takes nothing
            continue
    os._exit(_CANCELLED)


def _here_last() -> None:
    """Moves the folder that the command is called in to the end of the modules' path, where `-m` put it at the begin:
    a user's random.py is not the library's."""
    try:
        here = os.getcwd()  # noqa: PTH109  pathlib may be a file there too
    except OSError:
        here = ""
    if sys.path and sys.path[0] in ("", here):
        sys.path.append(sys.path.pop(0))


if __name__ == "__main__":
    _here_last()
    sys.exit(main())
