"""A pattern of git's ignore files as a regular expression over the bytes of a name, which says what git says, also of
what is no good pattern, and never goes back: with many stars, and a name that almost fits, one that does takes longer
than the world has been. Source of the rules: git's wildmatch.c and dir.c.

A pattern with a '/' is matched with the path below the folder of its file: a star takes no '/' there, and a `**`
between slashes takes any number of folders. Any other pattern is matched with the name alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

NEVER = b"(?!)"
"""The expression that matches nothing."""

_SPECIAL = frozenset(b"*?[\\")
_SLASH, _STAR, _BACKSLASH, _COLON = b"/*\\:"
_CLASSES: dict[bytes, frozenset[int]] = {
    b"alnum": frozenset(c for c in range(128) if chr(c).isalnum()),
    b"alpha": frozenset(c for c in range(128) if chr(c).isalpha()),
    b"blank": frozenset(b" \t"),
    b"cntrl": frozenset([*range(32), 127]),
    b"digit": frozenset(b"0123456789"),
    b"graph": frozenset(range(33, 127)),
    b"lower": frozenset(b"abcdefghijklmnopqrstuvwxyz"),
    b"print": frozenset(range(32, 127)),
    b"punct": frozenset(c for c in range(33, 127) if not chr(c).isalnum()),
    b"space": frozenset(b" \t\n\r"),
    b"upper": frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    b"xdigit": frozenset(b"0123456789abcdefABCDEF"),
}


@dataclass(frozen=True)
class _Deep:
    """A `**` that takes any number of folders. `may_vanish`: a '/' follows, which it may take with it."""

    may_vanish: bool


_Token = bytes | None | _Deep
"""An expression for one byte, None for a star that takes no '/', or a _Deep."""


def is_literal(pattern: bytes) -> bool:
    """Whether the pattern means nothing but itself."""
    return _SPECIAL.isdisjoint(pattern)


def expression(pattern: bytes, *, is_path: bool, label: int = 0) -> bytes:
    """For `re.fullmatch`, under DOTALL; NEVER for what matches no name. Expressions of different labels may be parts of
    one."""
    literal = next((i for i, byte in enumerate(pattern) if byte in _SPECIAL), len(pattern)) if is_path else 0
    # git compares what comes before the first special byte by itself: so a `**` behind it is one at a beginning
    tokens = _tokens(pattern[literal:], is_path=is_path)
    if tokens is None:
        return NEVER
    return _joined([*(re.escape(pattern[i : i + 1]) for i in range(literal)), *tokens], label)


def _tokens(pattern: bytes, *, is_path: bool) -> list[_Token] | None:
    """None where git stops: at a class without an end, a backslash with nothing behind it."""
    found: list[_Token] = []
    at = 0
    while at < len(pattern):
        byte = pattern[at]
        if byte == _STAR:
            end = at
            while pattern[end : end + 1] == b"*":
                end += 1
            rest = pattern[end:]
            begins = at == 0 or pattern[at - 1] == _SLASH
            if is_path and end - at > 1 and begins and (not rest or rest.startswith((b"/", b"\\/"))):
                vanishes = rest.startswith(b"/")
                found.append(_Deep(vanishes))
                end += vanishes
            else:
                found.append(None)
            at = end
        elif byte == ord("["):
            read = _bracket(pattern, at + 1)
            if read is None:
                return None
            members, at = read
            found.append(_one_of(members - {_SLASH} if is_path else members))
        elif byte == ord("?"):
            found.append(b"[^/]")
            at += 1
        else:
            if byte == _BACKSLASH:
                at += 1
            if at == len(pattern):
                return None
            found.append(re.escape(pattern[at : at + 1]))
            at += 1
    return found


def _bracket(pattern: bytes, at: int) -> tuple[frozenset[int], int] | None:
    """The bytes that a class takes, and where it ends; `at` is behind its '['. None for one that git does not take."""
    members: set[int] = set()
    negated = pattern[at : at + 1] in (b"!", b"^")
    at += negated
    before, begin = 0, at
    while at == begin or pattern[at : at + 1] != b"]":
        if (
            pattern.startswith(b"[:", at)
            and (end := pattern.find(b"]", at + 2)) > at + 2
            and pattern[end - 1] == _COLON
        ):
            named = _CLASSES.get(pattern[at + 2 : end - 1])
            if named is None:
                return None
            members |= named
            before, at = 0, end + 1
            continue
        is_range = pattern.startswith(b"-", at) and before and pattern[at + 1 : at + 2] not in (b"", b"]")
        read = _member(pattern, at + is_range)
        if read is None or (pattern.startswith(b"[:", at) and b"]" not in pattern[at + 2 :]):
            return None
        byte, at = read
        members.update(range(before, byte + 1) if is_range else [byte])
        before = 0 if is_range else byte
    return (frozenset(range(1, 256)) - members if negated else frozenset(members)), at + 1


def _member(pattern: bytes, at: int) -> tuple[int, int] | None:
    """A byte of a class, whose backslash is no part of it, and where the next one begins; None at the pattern's end."""
    at += pattern.startswith(b"\\", at)
    return (pattern[at], at + 1) if at < len(pattern) else None


def _one_of(members: frozenset[int]) -> bytes:
    return b"[" + b"".join(b"\\x%02x" % byte for byte in sorted(members)) + b"]" if members else NEVER


def _joined(tokens: list[_Token], label: int) -> bytes:
    """What stands between two stars may be taken where it fits first, the second star takes the rest; so may what
    stands between two that take folders. (Atomic groups, spelt as for Python 3.10.)"""
    number = iter(range(len(tokens)))

    def once(part: bytes) -> bytes:
        name = b"p%d_%d" % (label, next(number))
        return b"(?=(?P<%s>%s))(?P=%s)" % (name, part, name)

    def stars(part: list[_Token]) -> bytes:
        first, *more = (b"".join(t for t in piece if isinstance(t, bytes)) for piece in _split(part, type(None)))
        middle = b"".join(once(b"[^/]*?" + text) for text in more[:-1])
        return first + middle + b"".join(b"[^/]*" + text for text in more[-1:])

    kinds = [token for token in tokens if isinstance(token, _Deep)]
    first, *more = map(stars, _split(tokens, _Deep))
    reach = [b"(?:.*?/)??" if kind.may_vanish else b".*?" for kind in kinds]
    whole = [b"(?:.*/)?" if kind.may_vanish else b".*" for kind in kinds]
    middle = b"".join(once(skip + text) for skip, text in zip(reach, more[:-1], strict=False))
    return first + middle + b"".join(skip + text for skip, text in zip(whole[-1:], more[-1:], strict=True))


def _split(tokens: list[_Token], kind: type) -> Iterator[list[_Token]]:
    part: list[_Token] = []
    for token in tokens:
        if isinstance(token, kind):
            yield part
            part = []
        else:
            part.append(token)
    yield part
