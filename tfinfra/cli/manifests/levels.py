"""`--deny` and `--allow`: which warnings are errors here, and which are not told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tfinfra.errors import Diagnostic, Severity

WARNINGS = "warnings"
"""What `--deny` takes beside codes: every warning. Notices are none."""


@dataclass(frozen=True)
class Levels:
    """What a team makes of warnings and notices: `denied` codes (or WARNINGS) are errors, `allowed` ones are not told.
    A code goes before WARNINGS. An error stays one, whatever is allowed."""

    denied: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()

    def denies(self, found: Diagnostic) -> bool:
        """Whether this warning or notice is an error here."""
        if found.is_error or found.code in self.allowed:
            return False
        every = WARNINGS in self.denied and found.severity is Severity.WARNING
        return every or found.code in self.denied

    def applied(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """What is left of `found`, in its order, the denied as errors."""
        told = (each for each in found if each.is_error or each.code not in self.allowed)
        return tuple(replace(each, severity=Severity.ERROR) if self.denies(each) else each for each in told)


def levels_of(denied: Iterable[str], allowed: Iterable[str]) -> Levels:
    """The levels of these words of a command line. Raises UsageError for a code that does not exist, one that is both,
    and for one that is allowed and is an error, always."""
    from tfinfra.errors import UsageError
    from tfinfra.manifest.codes import explanation

    deny = frozenset(word if word == WARNINGS else _code("--deny", word) for word in denied)
    allow = frozenset(_code("--allow", word) for word in allowed)
    for code in sorted(allow):
        if code in deny:
            raise UsageError(f"{code} is denied and allowed", "keep `--deny` or `--allow` of it")
        known = explanation(code)
        if known is not None and not known.warns:
            message = f"{code} is an error wherever it is reported, and no error can be allowed"
            raise UsageError(message, f"`tfinfra explain {code}` has the way out")
    return Levels(deny, allow)


def _code(option: str, word: str) -> str:
    from tfinfra.errors import UsageError
    from tfinfra.manifest.codes import explanation, explanations
    from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest

    code = word.upper()
    if explanation(code) is not None:
        return code
    words = [WARNINGS] if option == "--deny" else []
    near = nearest(word, words) or nearest(code, [each.code for each in explanations()], 0.8)
    hint = did_you_mean(near) if near else "`tfinfra explain` lists the codes"
    raise UsageError(f"{option}: there is no code '{word}'", hint)
