"""Characters that nobody sees, or that look like others: named as Unicode names them, with what to write.

Look-alikes are those of Unicode's confusables.txt (UTS 39) that keyboards for Cyrillic and Greek have; dashes and
quotes those that word processors and web pages put in place of the typed ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_LATIN = "aeopcyxijshdqwAEBKMHOPCTXYIJSZNaoivkptuxyABEHIKMNOPTXYZ"
_ALIKE = "аеорсухіјѕһԁԛԝАЕВКМНОРСТХУІЈЅΖΝαοινκρτυχγΑΒΕΗΙΚΜΝΟΡΤΧΥΖ"
_PLAIN = {
    **dict(zip(_ALIKE, _LATIN, strict=True)),
    **dict.fromkeys("‐‑‒–—―−﹘﹣－", "-"),  # noqa: RUF001
    **dict.fromkeys("‘’‚‛′", "'"),  # noqa: RUF001
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("：﹕", ":"),  # noqa: RUF001
    "ı": "i",  # noqa: RUF001
}
DASHES = "".join(odd for odd, plain in _PLAIN.items() if plain == "-")
QUOTES = "".join(odd for odd, plain in _PLAIN.items() if plain in "'\"")
_SPACES = "[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]"
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\u2800\u3164"
    f"\ufeff\uffa0]|{_SPACES}"
)
_MOST = 4


def unseen(text: str) -> bool:
    """Whether `text` holds a character that nobody sees, or a blank that is no space."""
    return not text.isascii() and _UNSEEN.search(text) is not None


def quoted(text: str) -> bool:
    """Whether typographic quotes stand around `text`, which YAML takes for a part of it."""
    return len(text) > 1 and text[0] in QUOTES and text[-1] in QUOTES


def plain(text: str) -> str:
    """`text` in the letters that were meant; another script's letters that look like none stay."""
    from unicodedata import normalize

    if quoted(text):
        text = text[1:-1]
    text = "".join(_PLAIN.get(letter, letter) for letter in _UNSEEN.sub(_space, text))
    return normalize("NFKC", text).strip() if not text.isascii() else text.strip()


def plain_flag(text: str) -> str:
    """A flag in the letters that were meant: one long dash at its begin stands for two typed ones."""
    name = plain(text).lstrip("-")
    return f"{'--' if len(name) > 1 else '-'}{name}"


def _space(found: re.Match[str]) -> str:
    return " " if re.match(_SPACES, found[0]) else ""


def named(text: str) -> str:
    """ "U+043E CYRILLIC SMALL LETTER O, U+00A0 NO-BREAK SPACE": what of `text` is not plain; "" where all is."""
    from unicodedata import name

    odd = [letter for letter in dict.fromkeys(text) if not " " <= letter <= "~"]
    shown = [f"U+{ord(letter):04X} {name(letter, '(a control character)')}" for letter in odd[:_MOST]]
    return ", ".join([*shown, *(["…"] if len(odd) > _MOST else [])])


def what_is_odd(text: str, known: Iterable[str] = ()) -> str | None:
    """ "it holds U+043E CYRILLIC SMALL LETTER O: write node_count"; None for plain ASCII. `known`: words that may be
    meant."""
    if not (odd := named(text)):
        return None
    meant = plain(text)
    word = next((key for key in known if key == meant or _looks_like(text, key)), None)
    if word is None and meant.isascii() and meant and meant.isprintable():
        word = plain_flag(text) if text.startswith((*DASHES,)) else meant
    return f"it holds {odd}: {f'write {word}' if word else 'write it in plain letters'}"


def _looks_like(word: str, key: str) -> bool:
    """Whether `word` is `key` but for letters outside of ASCII."""
    return len(word) == len(key) and all(a == b or not a.isascii() for a, b in zip(word, key, strict=True))
