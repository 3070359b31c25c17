"""The pages as text: templates filled in, with all that others wrote escaped and cleaned."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tfinfra.reporting.page import source_hash, style_and_script, templates
from tfinfra.system.clock import right_now
from tfinfra.text.cleaning import spelt_out
from tfinfra.version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

REFRESH = 10
"""Seconds after which a browser without JavaScript loads a page of something live anew."""
_TONES = {
    "good": ("succeeded",),
    "bad": ("failed", "error", "incomplete"),
    "on": ("starting", "provisioning", "training", "held", "deleting"),
    "ui-warn": ("limit", "cancelled", "unknown"),
}
_FOLDER = Path(__file__).with_name("templates")


def page(template: str, title: str, *, refresh: bool = False, **values: Any) -> str:
    """A whole page; with `refresh` it is loaded anew by itself."""
    own = {"style": Markup(style()), "script": Markup(script()), "version": f"tfinfra {__version__}"}  # noqa: S704  ours
    every = {"title": title, "refresh": REFRESH if refresh else 0, "at": right_now(), **own}
    return _environment().get_template(template).render(**every, **values)


def policy() -> str:
    """The Content-Security-Policy of each page (w3.org/TR/CSP3): our own style and script by their digests, forms and
    requests to this server, and nothing else."""
    own = f"style-src '{source_hash(style())}'; script-src '{source_hash(script())}'; img-src data:"
    here = "connect-src 'self'; form-action 'self'"
    return f"default-src 'none'; {own}; {here}; base-uri 'none'; frame-ancestors 'none'"


@cache
def style() -> str:
    """What stands in each page's <style>: that of a run's report, and what these pages have beside it."""
    return style_and_script()[0] + (_FOLDER / "ui.css").read_text("utf-8")


@cache
def script() -> str:
    """What stands in each page's <script>, likewise."""
    return style_and_script()[1] + (_FOLDER / "ui.js").read_text("utf-8")


@cache
def _environment() -> Environment:
    made = templates(_FOLDER, spelt_out)
    made.filters |= {"tone": tone, "own": Markup}
    return made


def tone(word: str) -> str:
    """The class of the style by which a state or a result is shown."""
    return next((kind for kind, words in _TONES.items() if word in words), "")
