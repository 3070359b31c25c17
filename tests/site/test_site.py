"""The site of docs/: it is whole, asks nobody for anything, and can be searched without a network."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tools.site import LISTED, look_at, main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.relative_to(ROOT).with_suffix("") for path in (ROOT / "docs").rglob("*.md"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `bin/docs` builds it, which ends with 0 where neither Sphinx nor our own check has a word to say."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([ROOT / "bin/docs", folder], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_each_document_is_a_page_that_the_front_page_leads_to(site: Path) -> None:
    front = (site / "docs/index.html").read_text(encoding="utf-8")
    menu = set(re.findall(r'<a class="reference internal" href="([^"#]+)\.html"', front))
    missing = [page for page in PAGES if not (site / f"{page}.html").is_file()]
    assert (missing, len(PAGES) > 20, {"../README", "security", "decisions/README"} - menu) == ([], True, set())


def test_links_to_other_hosts_are_listed_with_their_pages(site: Path) -> None:
    listed = dict(line.split("\t") for line in (site / LISTED).read_text(encoding="utf-8").splitlines())
    assert listed["https://age-encryption.org/v1"] == "docs/how-to/data.html"


def test_words_of_the_documents_are_found_without_a_network(site: Path) -> None:
    """The index is a script beside the page, with the documents that hold a word."""
    assert re.search(r'<script src="searchindex\.js"', (site / "search.html").read_text(encoding="utf-8"))
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text[text.index("{") : text.rindex("}") + 1])
    found = index["terms"]["rehears"]
    named = {index["docnames"][number] for number in (found if isinstance(found, list) else [found])}
    assert "docs/glossary" in named


WRONG = {
    "a script of another host": '<script src="https://cdn.example.com/a.js"></script>',
    "a host without its scheme": '<img src="//img.example.com/a.png">',
    "a style sheet of another host": '<link rel="stylesheet" href="https://fonts.example.com/css">',
    "a font in a style": "<style>@font-face { src: url(https://fonts.example.com/a.woff2) }</style>",
    "a picture in a style's attribute": "<p style=\"background: url('https://img.example.com/a.png')\">",
    "a style that brings another": '<style>@import "https://fonts.example.com/css";</style>',
    "a script that asks": '<script>fetch("https://stats.example.com/hit")</script>',
    "a frame": '<iframe src="https://video.example.com"></iframe>',
    "one of several sizes": '<img srcset="https://img.example.com/a.png 2x">',
    "a page that is not there": '<a href="gone.html">gone</a>',
    "a heading that is not there": '<a href="other.html#gone">gone</a>',
    "a heading that this page has not": '<a href="#gone">gone</a>',
}
RIGHT = {
    "a link to another host": '<a href="https://example.com/a">a</a>',
    "a file beside the page": '<img src="a.png"><link rel="stylesheet" href="a.css">',
    "a picture in the page itself": '<img src="data:image/png;base64,AAAA">',
    "a heading of another page": '<a href="other.html#one%20two">there</a>',
    "a heading of this page": '<h2 id="here"><a href="#here">here</a></h2>',
    "an address": '<a href="mailto:a@example.com">write</a>',
}


def made(folder: Path, page: str) -> Path:
    """A site of two pages."""
    (folder / "index.html").write_text(f"<body>{page}</body>")
    (folder / "other.html").write_text('<h1 id="one two">One</h1>')
    return folder


@pytest.mark.parametrize("what", WRONG)
def test_what_a_page_must_not_have(what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(made(tmp_path, WRONG[what])) == 1
    assert capsys.readouterr().err.startswith("error: index.html: ")


@pytest.mark.parametrize("what", RIGHT)
def test_what_a_page_may_have(what: str, tmp_path: Path) -> None:
    assert look_at(made(tmp_path, RIGHT[what])).faults == ()


def test_style_sheets_scripts_and_pictures_ask_nobody_either(tmp_path: Path) -> None:
    folder = made(tmp_path, "")
    (folder / "a.css").write_text("body { background: url(https://img.example.com/a.png) }")
    (folder / "a.js").write_text("import('https://cdn.example.com/a.js')")
    (folder / "a.svg").write_text(
        '<svg><style>@font-face { src: url("https://fonts.example.com/a.woff2") }</style></svg>'
    )
    assert look_at(folder).faults == (
        "a.css: asks another host: https://img.example.com/a.png",
        "a.js: asks another host: https://cdn.example.com/a.js",
        "a.svg: asks another host: https://fonts.example.com/a.woff2",
    )
