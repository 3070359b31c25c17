"""The page of codes: of diagnostics by their subjects, then the rules of an audit."""

from __future__ import annotations

from tfinfra.auditing.rule_table import rules
from tfinfra.manifest.codes import SUBJECTS, Explanation, explanations
from tools.reference.markdown import page, paragraph, paragraphs


def codes_page() -> str:
    intro = (
        "Every code of an error, a warning or a notice, as `tfinfra explain CODE` prints it. The exit code is that of"
        " a command which nothing else stops; a retired code is one that earlier releases report."
    )
    parts: list[str] = []
    for subject, ranges in SUBJECTS.items():
        found = [one for one in explanations() if any(int(one.code[3:]) in each for each in ranges)]
        parts += [f"## About {subject}", *map(_code, found)]
    audit = "Rules by which `tfinfra audit` holds the evidence of a run; an error among them is exit 11."
    return page(
        "Codes",
        intro,
        [
            *parts,
            "## Rules of an audit",
            audit,
            *(_rule(one.code, one.title, one.severity.value, one.text) for one in rules()),
        ],
    )


def _code(one: Explanation) -> str:
    kind = "retired" if one.retired else "may be a warning or a notice" if one.warns else "an error"
    return f"### {_head(one.code, one.title)}\n\n{paragraphs(one.text)}\n\nExit code {one.exit_code}; {kind}."


def _rule(code: str, title: str, severity: str, text: str) -> str:
    return f"### {_head(code, title)}\n\n{paragraphs(text)}\n\nSeverity: {severity}."


def _head(code: str, title: str) -> str:
    return f"{code}: {' '.join(paragraph(title).split())}"
