"""Names of people, machines and places out of text, the same thing by the same word everywhere. Pure.

What is known to be a name (the caller, the host, the run, what the manifest gave) is looked for in every form in which
it may be written: in any case, percent-encoded, in Base64. What is not known beforehand is found by its shape: GUIDs,
mail addresses, ARM ids, storage hosts, addresses, tokens, signatures, home folders.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote, quote_plus, unquote

from tfinfra.machine.report.secret_shapes import MASK, masked
from tfinfra.machine.report.shapes import LEARNT, is_a_word, is_kept, patterns_for

SHORTEST = 3
"""Characters of a known name: to replace shorter ones would leave no text readable."""
_ENCODED = re.compile(r"(?<![\w.~*!()-])[\w.~*!()-]*(?:%[0-9A-Fa-f]{2}[\w.~*!()+-]*)+")
_BASE64 = re.compile(r"(?<![\w+/-])[\w+/-]{12,}={0,2}(?![\w+/=-])")


@dataclass
class Names:
    """The words that stand for names: "guid-1" for the first GUID, and so on; the same name has the same word, in any
    case. `known` are names by kind that are known beforehand, `secrets` values that are masked without a word."""

    known: Mapping[str, Iterable[str]] = field(default_factory=dict)
    secrets: Iterable[str] = ()
    _words: dict[tuple[str, str], str] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._hidden = {form.lower() for value in self.secrets for form in _forms(value)}
        self._of: dict[str, str] = {}
        self._remember({name: kind for kind, values in self.known.items() for name in values if len(name) >= SHORTEST})

    def _remember(self, names: Mapping[str, str]) -> None:
        """Looks for these from now on, in all of their forms; `names` has the kind of each; longer ones go first."""
        for name, kind in sorted(names.items(), key=lambda item: (-len(item[0]), item[0])):
            word = self.word(kind, name)
            for form in _forms(name):
                self._of.setdefault(form.lower(), word)

    def learn(self, text: str) -> None:
        """Remembers the people, accounts and groups that `text` shows by their shape: another text may name them
        without it."""
        plain = self._known_out(_unescaped(text))
        found: dict[str, str] = {}  # the first shape that a name has gives its kind, as where it is replaced
        for line in plain.splitlines():
            for kind, pattern in patterns_for(line):
                for shown in pattern.finditer(line) if kind in LEARNT else ():
                    found.setdefault(shown["name"], kind)
        self._remember(
            {name: kind for name, kind in found.items() if len(name) >= _LEAST_LEARNT and not is_a_word(name)}
        )

    def word(self, kind: str, name: str) -> str:
        """The word for a name."""
        key = (kind, name.lower())
        if key not in self._words:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._words[key] = f"{kind}-{self._counts[kind]}"
        return self._words[key]

    def without(self, text: str) -> str:
        """`text` without any name or secret."""
        text = _ENCODED.sub(
            lambda found: self._decoded(found[0], _unquoted, lambda new: quote(new, safe="")), _unescaped(text)
        )
        text = self._plain(text)
        return _BASE64.sub(lambda found: self._decoded(found[0], _from_base64, lambda _: "base64-removed"), text)

    def _decoded(self, text: str, decode: Callable[[str], str], encode: Callable[[str], str]) -> str:
        """An encoded `text` whose plain form holds a name, without it."""
        plain = decode(text)
        if plain == text or not plain:
            return text
        cleared = self._plain(plain)
        return text if cleared == plain else encode(cleared)

    def _known_out(self, text: str) -> str:
        """Only what is there at all is looked for by place: there are hundreds of forms, and a log is long."""
        lower = text.lower()
        hidden = _any_of(form for form in self._hidden if form in lower)
        names = _any_of(form for form in self._of if form in lower)
        text = text if hidden is None else hidden.sub(MASK, text)
        text = masked(text)
        return text if names is None else names.sub(lambda found: self._of[found[0].lower()], text)

    def _plain(self, text: str) -> str:
        lines: list[str] = []
        for line in self._known_out(text).splitlines(keepends=True):
            cleared = line
            for kind, pattern in patterns_for(line):
                cleared = pattern.sub(partial(self._shape, kind), cleared)
            lines.append(cleared)
        return "".join(lines)

    def _shape(self, kind: str, found: re.Match[str]) -> str:
        name = found["name"]
        if is_kept(kind, name):
            return found[0]
        key = name.replace("-", "") if kind in ("guid", "subscription") else name
        start, end = found.start("name") - found.start(), found.end("name") - found.start()
        return found[0][:start] + self.word(kind, key) + found[0][end:]


_LEAST_LEARNT = 5
_ESCAPE = re.compile(r"\\{1,2}u00([2-7][0-9a-fA-F])")


def _unescaped(text: str) -> str:
    """JSON within JSON writes quotes and others by their number, which would hide where a name begins."""
    return _ESCAPE.sub(lambda found: found[0] if (c := chr(int(found[1], 16))) in '"\\\x7f' else c, text)


def _unquoted(text: str) -> str:
    """Percent-encoding taken off, however often it was put on."""
    for _ in range(4):
        plain = unquote(text)
        if plain == text:
            break
        text = plain
    return text


def _forms(name: str) -> set[str]:
    """The ways in which a name may be written: as it is, for URLs, and in Base64 at each of three alignments."""
    data = name.encode()
    forms = {name, quote(name, safe=""), quote_plus(name), "".join(f"%{byte:02x}" for byte in data)}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # what is before and behind the name changes the first and the last characters: those are cut
            whole = encode(b"\0" * shift + data).decode().rstrip("=")
            cut = whole[(0, 2, 3)[shift] : len(whole) - (1 if (len(data) + shift) % 3 else 0)]
            if len(cut) >= 8:
                forms.add(cut)
    return {form for form in forms if len(form) >= SHORTEST}


def _any_of(forms: Iterable[str]) -> re.Pattern[str] | None:
    """Finds any of the forms, the longest first, in any case; a short word only where it stands alone."""
    ordered = sorted(set(forms), key=lambda form: (-len(form), form))
    if not ordered:
        return None
    return re.compile("|".join(_alone(form) for form in ordered), re.IGNORECASE)


def _alone(form: str) -> str:
    pattern = re.escape(form)
    if len(form) >= 8 or not form[0].isalnum() or not form[-1].isalnum():
        return pattern
    return rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"


def _from_base64(text: str) -> str:
    """The text that Base64 holds, "" where it holds none."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        found = base64.b64decode(plain + "=" * (-len(plain) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""
    return found if all(c.isprintable() or c.isspace() for c in found) else ""
