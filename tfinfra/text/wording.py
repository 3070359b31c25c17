"""Words for people: durations, sizes, counts, lists, and texts cut short."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection


def spell_seconds(seconds: float) -> str:
    """ "0.8 s", "42 s", "3 min 20 s", "2 h 5 min", "7 d"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for unit, size, below, below_size in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // below_size
            return f"{whole // size} {unit}" + (f" {rest} {below}" if rest else "")
    return f"{whole} s"


def spell_bytes(size: int) -> str:
    """ "3.2 GB", "14 MB", "512 bytes"."""
    if size >= 10**9:
        return f"{size / 1e9:.1f} GB"
    return f"{size / 1e6:.0f} MB" if size >= 10**6 else count(size, "byte")


def count(number: int, thing: str) -> str:
    """One as "1 node", more as "2 nodes"."""
    return f"{number} {thing}" + ("" if number == 1 else "s")


def listed(thing: str, names: tuple[str, ...]) -> str:
    """ "zone 1", "zones 1 and 2", "zones 1, 2 and 3"."""
    *first, last = names
    return f"{thing}s {', '.join(first)} and {last}" if first else f"{thing} {last}"


def first_few(names: Collection[object], most: int) -> str:
    """ "a, b and 4 more": the first `most` of them."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(map(str, list(names)[:most])) + more


def shortened(text: str, most: int) -> str:
    """`text` in at most `most` characters, the last of which is then "…"."""
    return text if len(text) <= most else text[: most - 1] + "…"


def apart(one: str, other: str, most: int) -> tuple[str, str]:
    """Two texts that differ, each in at most `most` characters and so that it is seen in what: where their beginnings
    are alike, from shortly before they part."""
    pairs = enumerate(zip(one, other, strict=False))
    parting = next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))
    begin = parting - most // 2 if parting >= most - 1 else 0
    first, second = (shortened("…" * bool(begin) + text[begin:], most) for text in (one, other))
    return first, second


def shell_word(path: object) -> str:
    """A path, or another word of a command that is printed to be copied, as a shell takes it for one word that is no
    option."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def by_number(name: str) -> tuple[str, int, str]:
    """A key to sort names by: worker-2 before worker-10."""
    found = re.fullmatch(r"(.*-)(\d{1,9})", name)
    return (found[1], int(found[2]), name) if found else (name, -1, name)


def ranges(names: Collection[str]) -> str:
    """Numbered names in few words, by name and number: "ps-0, worker-0..13, worker-15"."""
    numbered = [found.groups() for name in names if (found := re.fullmatch(r"(.*-)(\d+)", name))]
    spans: list[tuple[str, int, int]] = []
    for stem, number in sorted((stem, int(number)) for stem, number in numbered):
        if spans and spans[-1][0] == stem and number <= spans[-1][2] + 1:
            spans[-1] = (stem, spans[-1][1], number)
        else:
            spans.append((stem, number, number))
    others = [name for name in names if not re.fullmatch(r".*-\d+", name)]
    return ", ".join([*others, *(f"{stem}{a}" if a == b else f"{stem}{a}..{b}" for stem, a, b in spans)])
