"""The metric that decides: one name, which the script logs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
from tfinfra.text.wording import first_few

_NAME = ("tune", "primary_metric_name")
_LOGGED = re.compile(r"""\.log(?:_metric|_list|_row|_table|_scalar)?\(\s*(?:key=|name=)?(["'])([^"'\n]{1,250})\1""")
"""A call that logs a metric by a name that stands there."""
_BY_ITSELF = re.compile(
    r"autolog|M[Ll]flowCallback|(?<!math)(?<!np)(?<!numpy)(?<!tf)(?<!logger)(?<!logging)"
    r"\.log(?:_metrics?|_list|_row|_table|_scalar)?\(\s*[^\"'\s)]"
)
"""What logs by names that a program makes."""
_WHOLE = re.compile(r"\s*[,)]")
"""What follows a name that stands there whole."""
_PREFIX = "val_"
"""Keras's own, before the name of a metric of the validation data."""
_MOST = 3


def two_primary_metrics(facts: Facts) -> Iterator[Diagnostic]:
    """The metric that is shown of a tune's trials is the one that decides."""
    manifest, document = facts.manifest, facts.document
    shown = manifest.metrics.primary
    if manifest.tune is None or shown is None or not manifest.tune.primary_metric_name:
        return
    if shown != manifest.tune.primary_metric_name:
        message = f"metrics.primary is another metric than tune.primary_metric_name{document.line(_NAME)}"
        yield error_at(
            document, "TFI939", ("metrics", "primary"), message, "remove it: a tune shows what it searches by"
        )


def a_metric_that_nothing_names(facts: Facts) -> Iterator[Diagnostic]:
    """A name that no module of the script has, where it logs by names that stand there."""
    given, modules = facts.manifest.tune, facts.project.source.modules
    name = given.primary_metric_name if given else ""
    if not name or not modules or facts.project.source.skimmed or _may_be_logged(name, modules):
        return
    known = sorted({found[2] for text in modules.values() for found in _LOGGED.finditer(text)})
    near = nearest(name, known)
    hint = did_you_mean(near) if near else f"it logs {first_few(known, _MOST)}" if known else None
    message = f"no module of the script names '{name}': a search cannot tell its trials apart without it"
    yield error_at(facts.document, "TFI940", _NAME, message, hint, severity=Severity.NOTICE)


def _may_be_logged(name: str, modules: Mapping[str, str]) -> bool:
    texts = modules.values()
    if any(_BY_ITSELF.search(text) for text in texts):
        return True
    if any(name in text for text in texts):
        return not _logs_whole_names(modules) or any(name in _without_index(name, text) for text in texts)
    return any(name.removeprefix(_PREFIX) in text for text in texts)


def _logs_whole_names(modules: Mapping[str, str]) -> bool:
    calls = [(text, found.end()) for text in modules.values() for found in _LOGGED.finditer(text)]
    return bool(calls) and all(_WHOLE.match(text, end) for text, end in calls)


def _without_index(name: str, text: str) -> str:
    """`logs["val_accuracy"]` reads a value under a name, and logs none by it."""
    return re.sub(rf"""(?<=[\w)\]])\[\s*(["']){re.escape(name)}\1\s*\]""", "", text)


RULES: tuple[Rule, ...] = (two_primary_metrics, a_metric_that_nothing_names)
