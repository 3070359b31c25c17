"""The pages as text: templates filled in, with all that others wrote escaped and cleaned."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tfinfra.system.clock import right_now
from tfinfra.text.cleaning import clean
from tfinfra.text.wording import spell_seconds
from tfinfra.version import __version__

if TYPE_CHECKING:
    from jinja2 import Environment

REFRESH = 10
"""Seconds after which a browser without JavaScript loads a page of something live anew."""
_FOLDER = Path(__file__).with_name("templates")
_UNKNOWN = "\N{EN DASH}"


def page(template: str, title: str, *, refresh: bool = False, **values: Any) -> str:
    """A whole page; with `refresh` it is loaded anew by itself."""
    own = {"style": Markup(style()), "script": Markup(script()), "version": f"tfinfra {__version__}"}  # noqa: S704  ours
    every = {"title": title, "refresh": REFRESH if refresh else 0, "at": right_now(), **own}
    return _environment().get_template(template).render(**every, **values)


def policy() -> str:
    """The Content-Security-Policy of each page (w3.org/TR/CSP3): our own style and script by their digests, forms and
    requests to this server, and nothing else."""
    own = f"style-src '{_digest(style())}'; script-src '{_digest(script())}'; img-src data:; connect-src 'self'"
    return f"default-src 'none'; {own}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


@cache
def style() -> str:
    """What stands in each page's <style>."""
    return (_FOLDER / "ui.css").read_text("utf-8")


@cache
def script() -> str:
    """What stands in each page's <script>."""
    return (_FOLDER / "ui.js").read_text("utf-8")


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters["moment"] = moment
    made.filters["seconds"] = lambda value: _UNKNOWN if value is None else spell_seconds(max(0.0, value))
    return made


def moment(seconds: float | None) -> str:
    """Unix seconds as "2026-11-24 10:00:05"."""
    try:
        return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S}" if seconds is not None else _UNKNOWN
    except (OverflowError, ValueError, OSError):
        return _UNKNOWN


def _shown(value: Any) -> Any:
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value
