"""Bytes → the text of a Python file, as Python itself decodes them, or the fault for which it refuses them."""

from __future__ import annotations

import io
import re
import tokenize
import warnings

from tfinfra.compiler.project import Undecodable

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_CODING = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


def decoded(data: bytes, *, run_as_file: bool) -> tuple[str, Undecodable | None]:
    """The text, with a replacement for what is no text, and the fault. `run_as_file`: it is run by its path, for which
    Python decodes every line; of an imported module it decodes what is not a comment."""
    declared = _encoding(data)
    encoding = declared or "utf-8"
    try:
        text, strange = data.decode(encoding), None
    except UnicodeDecodeError as error:
        text, strange = data.decode(encoding, "replace"), error
    except LookupError:
        text, strange = data.decode("utf-8-sig", "replace"), None
    if not strange and b"\0" not in data and declared == "utf-8":
        return text, None
    return text, _fault(data, encoding, strange, run_as_file=run_as_file)


def _encoding(data: bytes) -> str | None:
    """The one that the file declares, "utf-8" where it declares none, None where that is not what Python knows."""
    try:
        return tokenize.detect_encoding(io.BytesIO(data).readline)[0]
    except SyntaxError:
        return None


def _fault(data: bytes, encoding: str, strange: UnicodeDecodeError | None, *, run_as_file: bool) -> Undecodable | None:
    save = "save it as UTF-8"
    if data.startswith(_UTF_16) or _is_utf_16(data):
        return Undecodable("the file is UTF-16, which Python does not read", save, 1, 1)
    line, column = _place(data, strange.start if strange else data.find(b"\0"))
    if b"\0" in data and not strange:
        always = not run_as_file  # Python before 3.11.4 reads a script up to it, line by line
        return Undecodable("there is a NUL byte", "remove it", line, column, always)
    refused = _refused(data)
    if strange and (refused or run_as_file):
        byte, declared = data[strange.start], _declared(data)
        message = f"the byte 0x{byte:02x} is not {encoding}"
        if declared is None:
            return Undecodable(
                message, f"{save}, or declare what it is: `# coding: latin-1` as the first line", line, column
            )
        return Undecodable(
            f"{message}, which line {declared[0]} declares", f"declare what it is, or {save}", line, column
        )
    if refused:
        declared = _declared(data)
        return Undecodable(refused, f"{save}, without such a line", declared[0] if declared else 1, 1)
    return None


def _refused(data: bytes) -> str:
    """What this Python says of the bytes, "" where their encoding is none of its complaints."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, "script", "exec", dont_inherit=True)
    except SyntaxError as error:
        message = str(error.msg)
        return message if re.search(r"encoding|codec", message) else ""
    except (ValueError, RecursionError, MemoryError):
        pass  # the syntax tree's reader has its own words for these
    return ""


def _declared(data: bytes) -> tuple[int, bytes] | None:
    """The line, 1 or 2, that declares an encoding, and which."""
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines()[:2], 1):
        if found := _CODING.match(line):
            return number, found[1]
    return None


def _is_utf_16(data: bytes) -> bool:
    """Every second byte of plain English in UTF-16 is a NUL."""
    head = data[:64]
    return len(head) >= 4 and any(not head[start::2].strip(b"\0") for start in (0, 1))


def _place(data: bytes, offset: int) -> tuple[int, int]:
    lines = re.split(rb"\r\n|\r|\n", data[: max(offset, 0)])
    return len(lines), len(lines[-1]) + 1
