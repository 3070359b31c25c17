"""`python tools/site.py FOLDER` checks the built site of docs/ (`bin/docs` calls it): no page asks another host for
anything, and each link within the site leads to a page and a heading that are there.

Links to other hosts are listed in FOLDER/outside-links.txt, and not fetched: whether they still lead somewhere, a
reader of that list finds out. It needs the standard library alone.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LISTED = "outside-links.txt"
_FETCHED = {"src", "srcset", "poster", "data", "action", "formaction", "background", "manifest"}
"""Attributes whose URL a browser asks for by itself; `href` is one on a `link` and in a picture."""
_PARTS_OF_PAGE = {"link", "image", "use", "base"}
_CSS_URL = re.compile(r"(?:url\(\s*|@import\s+)['\"]?([^'\")\s;]+)", re.IGNORECASE)
_SCRIPTED = re.compile(r"""(?:fetch|import|importScripts|\.open)\s*\(\s*["'`]((?:https?:)?//[^"'`]+)""")


@dataclass(frozen=True)
class Page:
    """What a page holds, as it stands there: ids, links to follow, and what a browser asks for to show it."""

    ids: frozenset[str]
    links: tuple[str, ...]
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """A built site: what is wrong with it, a sentence each, and {link to another host: the pages that have it}."""

    faults: tuple[str, ...]
    outside: dict[str, tuple[str, ...]]


@dataclass
class _Reader(HTMLParser):
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.ids.add(value)
            elif name in _FETCHED or (name == "href" and tag in _PARTS_OF_PAGE):
                self.parts.append((value or "").split(" ")[0])
            elif name == "href":
                self.links.append(value or "")
            elif name == "style":
                self.parts += _CSS_URL.findall(value or "")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            self.parts += _CSS_URL.findall(data)
        elif self.lasttag == "script":
            self.parts += _SCRIPTED.findall(data)


def read_page(html: str) -> Page:
    """The page of an HTML text."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return Page(frozenset(reader.ids), tuple(reader.links), tuple(reader.parts))


def is_outside(url: str) -> bool:
    """Whether a URL names a host, or a program such as a mail client. `data:` holds what it names."""
    split = urlsplit(url)
    return bool(split.netloc) or split.scheme not in ("", "data")


def look_at(folder: Path) -> Site:
    """The site in `folder`, looked at whole."""
    pages = {path: read_page(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.html"))}
    names = {path: path.relative_to(folder).as_posix() for path in pages}
    faults = [*_asked_elsewhere(folder, pages)]
    outside: dict[str, list[str]] = {}
    for path, page in pages.items():
        for link in page.links:
            if is_outside(link):
                outside.setdefault(link, []).append(names[path])
            elif why := _dead(path, link, pages):
                faults.append(f"{names[path]}: the link {link} leads nowhere: {why}")
    return Site(tuple(faults), {link: tuple(sorted(set(there))) for link, there in sorted(outside.items())})


def _asked_elsewhere(folder: Path, pages: dict[Path, Page]) -> Iterator[str]:
    asked = {path: page.parts for path, page in pages.items()}
    styled = [*folder.rglob("*.css"), *folder.rglob("*.svg")]
    asked |= {path: tuple(_CSS_URL.findall(path.read_text(encoding="utf-8"))) for path in styled}
    asked |= {path: tuple(_SCRIPTED.findall(path.read_text(encoding="utf-8"))) for path in folder.rglob("*.js")}
    for path, parts in sorted(asked.items()):
        name = path.relative_to(folder).as_posix()
        yield from (f"{name}: asks another host: {part}" for part in parts if is_outside(part))


def _dead(path: Path, link: str, pages: dict[Path, Page]) -> str:
    split = urlsplit(link)
    target = (path.parent / unquote(split.path)).resolve() if split.path else path
    if not target.is_file():
        return "there is no such file"
    if not split.fragment or target not in pages or unquote(split.fragment) in pages[target].ids:
        return ""
    return f"the page has no {split.fragment}"


def main(folder: Path) -> int:
    """0, or 1 with what is wrong on stderr."""
    site = look_at(folder.resolve())
    lines = [f"{link}\t{' '.join(there)}\n" for link, there in site.outside.items()]
    (folder / LISTED).write_text("".join(lines), encoding="utf-8")
    sys.stderr.write("".join(f"error: {fault}\n" for fault in site.faults))
    return 1 if site.faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
