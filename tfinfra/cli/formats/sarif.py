"""SARIF 2.1.0, the format of code scanning (docs.oasis-open.org/sarif, and GitHub's "SARIF support for code scanning":
a result needs a place, a URI relative to the repository, and a fingerprint)."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tfinfra.cli.formats.findings import NOT_THE_MANIFESTS, Finding, Rule, rule_of
from tfinfra.cli.formats.places import Repository
from tfinfra.errors import Severity
from tfinfra.text.cleaning import clean
from tfinfra.version import __version__

MOST_RESULTS = 25_000
"""A file with more is refused by GitHub."""
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTICE: "note"}
_LINK = re.compile(r"\[(?=[^\]]*\]\()")
"""Text of a message that a viewer would make a link of."""


def sarif(verb: str, findings: Sequence[Finding], exit_code: int, repository: Repository) -> dict[str, Any]:
    """The document. What says nothing of a manifest (a wrong flag, no credentials) is a notification of the invocation;
    everything else a result. The same findings give the same document."""
    results = [each for each in findings if each.exit_code not in NOT_THE_MANIFESTS]
    notices = [each for each in findings if each.exit_code in NOT_THE_MANIFESTS]
    left_out, results = results[MOST_RESULTS:], results[:MOST_RESULTS]
    rules = sorted({each.rule for each in results})
    seen: Counter[str] = Counter()
    notifications = [_notification(each, repository) for each in notices]
    if left_out:
        text = f"{len(left_out)} more findings are left out: a file holds {MOST_RESULTS}"
        notifications.append({"level": "warning", "message": {"text": text}})
    run = {
        "tool": {"driver": {**_TOOL, "rules": [_rule(rule_of(id_)) for id_ in rules]}},
        "automationDetails": {"id": f"tfinfra/{verb}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "the root of the repository"}}},
        "invocations": [
            {
                "executionSuccessful": exit_code not in NOT_THE_MANIFESTS,
                "exitCode": exit_code,
                "toolExecutionNotifications": notifications,
            }
        ],
        "results": [_result(each, rules.index(each.rule), repository, seen) for each in results],
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


_TOOL = {"name": "tfinfra", "version": __version__, "semanticVersion": __version__}


def _rule(rule: Rule) -> dict[str, Any]:
    """It holds its own help: a `helpUri` must be an absolute URI that the file's readers can open, and tfinfra's
    documents have no address of their own."""
    more = f"`tfinfra explain {rule.id}` prints this." if rule.id.startswith(("TFI", "TFA")) else ""
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in re.findall(r"\w+", rule.title)),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.text},
        "help": {"text": f"{rule.text} {more}".strip(), "markdown": f"{rule.text}\n\n{more}".strip()},
        "properties": {"tags": [rule.subject], "precision": "very-high"},
    }


def _result(found: Finding, rule_index: int, repository: Repository, seen: Counter[str]) -> dict[str, Any]:
    location = _location(found, repository)
    mark = _fingerprint(found, location["physicalLocation"]["artifactLocation"]["uri"])
    seen[mark] += 1
    return {
        "ruleId": found.rule,
        "ruleIndex": rule_index,
        "level": _LEVELS[found.level],
        "message": {"text": _text(found)},
        "locations": [location],
        "partialFingerprints": {"primaryLocationLineHash": f"{mark}:{seen[mark]}"},
    }


def _notification(found: Finding, repository: Repository) -> dict[str, Any]:
    return {
        "descriptor": {"id": found.rule},
        "level": _LEVELS[found.level],
        "message": {"text": _text(found)},
        "locations": [_location(found, repository)],
    }


def _location(found: Finding, repository: Repository) -> dict[str, Any]:
    uri, relative = repository.uri(found.file)
    region = {
        "startLine": found.line,
        "startColumn": found.column,
        "endLine": found.line,
        "endColumn": found.column + max(1, found.length),
    }
    base = {"uriBaseId": _ROOT} if relative else {}
    return {"physicalLocation": {"artifactLocation": {"uri": uri, **base}, "region": region}}


def _text(found: Finding) -> str:
    return _LINK.sub(r"\\[", clean(found.text)) or found.rule


def _fingerprint(found: Finding, uri: str) -> str:
    """The same wherever the finding stands in its file."""
    return hashlib.sha256("\0".join((found.rule, uri, found.subject)).encode("utf-8", "replace")).hexdigest()[:16]
