"""Guardrails on where a run's metrics go."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.guardrail_lines import breach
from tfinfra.errors import Diagnostic
from tfinfra.guardrails.values import fits


def other_servers(facts: Facts) -> Iterator[Diagnostic]:
    """An MLflow server on another host, on any cloud: what is logged leaves the run for it, a token with it."""
    uri = facts.manifest.metrics.tracking_uri
    if uri is None or not facts.manifest.sound("metrics"):
        return
    host = urlsplit(uri).netloc
    for file in facts.project.guardrails.files:
        if file.allow.tracking_host and not fits(host, file.allow.tracking_host):
            held, path = file.at("allow", "tracking_host"), ("metrics", "tracking_uri")
            hint = "name a server whose host one of the patterns fits"
            yield breach(facts, "TFI458", path, held, what=f"metrics.tracking_uri is on {host}", hint=hint)


RULES: tuple[Rule, ...] = (other_servers,)
