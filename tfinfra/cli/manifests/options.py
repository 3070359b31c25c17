"""Flags of the verbs that take several manifests, as one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import click

from tfinfra.cli.completion import codes, completing, manifests
from tfinfra.cli.manifests.levels import Levels, levels_of
from tfinfra.cli.manifests.reports import Reports, require_reports
from tfinfra.cli.options import NamedPath, guardrails_option, json_option


@dataclass(frozen=True)
class Asked:
    """What a verb is to do with which manifests: `words` of the command line name them, `arguments` are all words,
    `guardrails` is a file that holds for each manifest beside the usual ones, and `target` goes before each one's
    own."""

    words: tuple[Path, ...]
    as_json: bool = False
    reports: Reports = field(default_factory=Reports)
    levels: Levels = field(default_factory=Levels)
    arguments: tuple[str, ...] = ()
    guardrails: Path | None = None
    target: str | None = None


def manifest_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """One manifest or several, and how the verb tells of them; the command gets all as one `asked`."""

    @click.argument("manifest", nargs=-1, required=True, type=NamedPath(path_type=Path), shell_complete=manifests)
    @_level_options
    @guardrails_option
    @json_option
    @_report_options
    @wraps(command)
    def with_asked(
        *,
        manifest: tuple[Path, ...],
        levels: Levels,
        guardrails: Path | None,
        as_json: bool,
        reports: Reports,
        **options: Any,
    ) -> Any:
        arguments = click.get_current_context().obj or ()
        require_reports(reports, as_json)
        asked = Asked(manifest, as_json, reports, levels, tuple(arguments), guardrails, options.get("target"))
        return command(asked=asked, **options)

    return with_asked


def _level_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Which warnings count, as one `levels`."""

    @click.option(
        "--deny",
        metavar="CODE|warnings",
        multiple=True,
        shell_complete=completing(codes),
        help="Take warnings of this code, or all, for errors.",
    )
    @click.option(
        "--allow",
        metavar="CODE",
        multiple=True,
        shell_complete=completing(codes),
        help="Do not tell warnings of this code.",
    )
    @wraps(command)
    def with_levels(*, deny: tuple[str, ...], allow: tuple[str, ...], **options: Any) -> Any:
        return command(levels=levels_of(deny, allow), **options)

    return with_levels


def _report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Files for other programs, as one `reports`."""

    @click.option("--sarif", metavar="FILE", help="Write what was found as SARIF 2.1.0, for code scanning.")
    @click.option("--junit", metavar="FILE", help="Write a test report, a case for each manifest.")
    @click.option("--markdown", metavar="FILE", help="Write a comment: verdict, cost before and after; `-` is stdout.")
    @click.option(
        "--base",
        metavar="FOLDER",
        type=NamedPath(path_type=Path),
        help="What --markdown compares with: a checkout; without it what was compiled last.",
    )
    @wraps(command)
    def with_reports(
        *, sarif: str | None, junit: str | None, markdown: str | None, base: Path | None, **options: Any
    ) -> Any:
        return command(reports=Reports(sarif, junit, markdown, base), **options)

    return with_reports
