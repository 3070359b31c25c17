"""Errors for a Python caller, who sees nothing of one but its text: a traceback shows no hint and no diagnostics."""

from __future__ import annotations

from typing import TypeVar

from tfinfra.errors import TfinfraError
from tfinfra.manifest.words.python_words import in_python, python_text

_NO_VALUE = ("TFI208", "TFI332", "TFI333")
"""Codes of what no argument takes: errors of the program, which come before those of the training."""
E = TypeVar("E", bound=TfinfraError)


def told(error: E) -> E:
    """The error with everything that is wrong, and the way out, in its message and in the words of Python."""
    before = error.diagnostics
    error.diagnostics = tuple(sorted(map(in_python, error.diagnostics), key=lambda found: found.code not in _NO_VALUE))
    wrong = [found for found in error.diagnostics if found.is_error]
    derived = any(error.message.startswith(found.message) for found in before)
    error.message = wrong[0].message if wrong and derived else python_text(error.message)
    error.message = error.in_full()
    error.hint = wrong[0].hint if wrong else python_text(error.hint or "") or None
    if error.hint and error.hint not in error.message:
        error.message += f"\nhint: {error.hint}"
    return error
