"""The page of a run: one file of HTML that needs nothing else, and asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tfinfra.reporting import spelling
from tfinfra.reporting.charts import figure_charts, logged_once, metric_charts
from tfinfra.reporting.logs import EscapedLog, escaped_logs, shown_logs
from tfinfra.reporting.search import search_shown
from tfinfra.reporting.timeline import timeline
from tfinfra.reporting.values import RunPage
from tfinfra.text.cleaning import spelt_out

if TYPE_CHECKING:
    from jinja2 import Environment

MOST = 5_000_000
"""Bytes of a page, at most."""
MOST_ONCE = 200
"""Metrics logged once that are listed."""
_LOGS, _CURVES, _FIGURES, _TRIALS = 3_400_000, 800_000, 300_000, 300_000
"""Bytes that a page has for these, where they need as much."""
_TRIAL_ROWS = 3000
"""Trials that the table lists, where there is room for them."""
_LONGEST, _SHORTEST = 4000, 50
"""Characters of a text that are shown, where there is room for them and where not; lines of logs have a bound of their
own."""
_OURS = ("style", "script", "body")
"""Parts that are no text of others: two files of this room, and what a template has escaped."""
_PATH = re.compile("[MLHVhv0-9. -]*")
_FOLDER = Path(__file__).with_name("templates")
_WORDS = {
    "succeeded": "Succeeded",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "limit": "Ended at a limit",
    "error": "Ended by an error",
}


@dataclass(frozen=True)
class Parts:
    """A page in its parts, for whoever puts them into a document of their own: `style` and `script` are text, whose
    hashes the document's policy has to name; `head`, with the first heading, and `rest` are what stands in <main>,
    escaped."""

    title: str
    style: str
    script: str
    head: str
    rest: str

    @property
    def body(self) -> str:
        return self.head + self.rest

    @property
    def policy(self) -> str:
        """The page's Content-Security-Policy (https://www.w3.org/TR/CSP3/): nothing but its own style and script."""
        style, script = source_hash(self.style), source_hash(self.script)
        own = f"style-src '{style}'; script-src '{script}'"
        return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


def page(run: RunPage) -> str:
    """The whole document, of MOST bytes at most."""
    return document(partial(_parts, run, escaped_logs(run.logs)))


def document(made: Callable[[float], Parts]) -> str:
    """The document of the parts that are `made` in a share of the room, from 1 to 0: the largest that fits."""
    text = ""
    for share in (1.0, 0.8, 0.6, 0.4, 0.2, 0.05, 0.0):
        of = made(share)
        text = rendered("document.html", share, parts=of, **{name: Markup(getattr(of, name)) for name in _OURS})  # noqa: S704
        if len(text.encode()) <= MOST:
            break
    return text


def parts(run: RunPage, share: float = 1.0) -> Parts:
    """The page of a run in its parts, with a `share` of the room for what there may be much of."""
    return _parts(run, escaped_logs(run.logs), share)


def _parts(run: RunPage, logs: Sequence[EscapedLog], share: float) -> Parts:
    once, several = logged_once(run.curves)
    charts, more_charts = metric_charts(several, run.leader, run.primary, int(_CURVES * share))
    figures, more_figures = figure_charts(run.figures, int(_FIGURES * share))
    word = result_word(run)
    head = rendered("head.html", share, run=run, word=word, charts=charts, once=once)
    rest = rendered(
        "run.html",
        share,
        run=run,
        once=once[:MOST_ONCE],
        more_once=max(0, len(once) - MOST_ONCE),
        charts=charts,
        more_charts=more_charts,
        figures=figures,
        more_figures=more_figures,
        timeline=timeline(run),
        found=search_shown(run.search, int(_TRIALS * share)) if run.search else None,
        most_trials=int(_TRIAL_ROWS * share),
        logs=shown_logs(logs, int(_LOGS * share)),
    )
    return Parts(f"{run.run}: {word}", *style_and_script(), head, rest)


def result_word(run: RunPage) -> str:
    """How the run ended, or how it stands, as a heading has it."""
    return _WORDS.get(run.result, run.result) if run.result else run.state.capitalize()


def source_hash(text: str) -> str:
    """A style or script as a policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def rendered(template: str, share: float, **values: Any) -> str:
    """What a template makes of these values, all text in them escaped, and cut to a `share` of what is shown of it."""
    return _environment(max(_SHORTEST, int(_LONGEST * share * share))).get_template(template).render(**values)


@cache
def style_and_script() -> tuple[str, str]:
    """What each page has, and what other pages take that are to look like it."""
    return (_FOLDER / "page.css").read_text("utf-8"), (_FOLDER / "page.js").read_text("utf-8")


def templates(folder: Path, written: Callable[[str], str]) -> Environment:
    """The templates in a folder, with all text in them escaped; `written` makes of what others wrote what a page can
    have of it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: written(value) if isinstance(value, str) and not isinstance(value, Markup) else value,
    )
    names = ("number", "offset", "scalar", "size", "seconds", "moment", "usd")
    made.filters.update({name: getattr(spelling, name) for name in names})
    return made


@cache
def _environment(longest: int) -> Environment:
    made = templates(_FOLDER, partial(_written, longest))
    made.filters["drawn"] = _drawn
    return made


def _drawn(path: str) -> Markup:
    """A path of a drawing, as one of its attributes: it is no text of others, and is not cut."""
    return Markup(path if _PATH.fullmatch(path) else "")  # noqa: S704


def _written(longest: int, value: str) -> str:
    cut = f" … {len(value) - longest} more characters" if len(value) > longest else ""
    return spelt_out(value[:longest]) + cut
