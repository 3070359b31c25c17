"""Bytes of a requirements or environment file → text, as pip decodes them (pip's `auto_decode`): by a byte order mark,
by a coding line (PEP 263), else as UTF-8."""

from __future__ import annotations

import codecs
import re

from tfinfra.compiler.project import OddBytes

_MARKS = (
    *((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be")),
    *((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")),
)
_CODING = re.compile(rb"#.*?coding[:=][ \t]*([-\w.]+)")
_LINE_END = re.compile("\r\n|\r|\n")
_HINT = "save it as UTF-8"
_POWERSHELL = "save it as UTF-8, as PowerShell does by `Out-File -Encoding utf8`"


def decoded(data: bytes) -> tuple[str, OddBytes | None]:
    """The text, and what is odd about it; after an error the text is empty. Never raises."""
    mark, encoding = next((pair for pair in _MARKS if data.startswith(pair[0])), (b"", ""))
    head = b"" if encoding else b"\n".join(data.split(b"\n", 2)[:2])
    coding = next((found for line in head.split(b"\n") if (found := _CODING.match(line))), None)
    encoding = encoding or (coding[1].decode("ascii", "replace") if coding else "utf-8")
    body = data[len(mark) :]
    try:
        text = body.decode(encoding)
    except LookupError:
        line = head[: coding.start(1) if coding else 0].count(b"\n") + 1
        return "", OddBytes(f"the encoding '{encoding}', which the file names, is not known", _HINT, line)
    except UnicodeDecodeError as error:
        line, column = _place(body[: error.start].decode(encoding, "replace"))
        if body.count(b"\0") * 4 > len(body) and not mark:
            return "", OddBytes("the file is not UTF-8 text: it looks like UTF-16", _POWERSHELL, line, column)
        name = {"utf-8": "UTF-8"}.get(encoding.lower(), encoding)
        return "", OddBytes(f"the file is not {name} text", _HINT, line, column)
    if "\0" in text:
        line, column = _place(text[: text.index("\0")])
        what = "it looks like UTF-16" if text.count("\0") * 3 > len(text) else "a NUL stands here"
        return "", OddBytes(f"the file is not UTF-8 text: {what}", _HINT, line, column)
    if mark and not encoding.startswith("utf-8"):
        written = encoding.upper().rpartition("-")[0]
        return text, OddBytes(f"the file is {written} text, and is read as that", _POWERSHELL, is_error=False)
    return text, None


def _place(before: str) -> tuple[int, int]:
    """Line and column of what follows the text `before`."""
    lines = _LINE_END.split(before)
    return len(lines), len(lines[-1]) + 1
