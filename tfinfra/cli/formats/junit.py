"""JUnit XML, as test reports of CI systems read it: a suite and a test case for each manifest. So a manifest that was
mended is told as such: the case that failed is there, and passes.

There is no standard. What is written fits windyroad's JUnit.xsd (Ant's form, the strictest) and Jenkins's junit-10.xsd;
GitLab shows a case's name, class and failure, Azure Pipelines its name, message and text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from tfinfra.cli.formats.findings import NOT_THE_MANIFESTS, Finding, findings_of
from tfinfra.cli.manifests.outcome import Outcome
from tfinfra.text.cleaning import ODD, clean

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verb: str, outcomes: Sequence[Outcome], now: str) -> str:
    """The document; `now` is a UTC time such as 2026-11-30T16:00:00."""
    root = ET.Element("testsuites")
    for number, outcome in enumerate(outcomes):
        root.append(_suite(verb, number, outcome, now))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(verb: str, number: int, outcome: Outcome, now: str) -> ET.Element:
    failed = outcome.error is not None
    broken = outcome.exit_code in NOT_THE_MANIFESTS
    name, time = _token(outcome.manifest), f"{outcome.seconds:.3f}"
    suite = ET.Element(
        "testsuite",
        name=name,
        package=f"tfinfra.{verb}",
        id=str(number),
        timestamp=now,
        hostname="localhost",
        tests="1",
        failures=str(int(failed and not broken)),
        errors=str(int(failed and broken)),
        time=time,
    )
    ET.SubElement(suite, "properties")
    case = ET.SubElement(suite, "testcase", name=name, classname=f"tfinfra.{verb}", time=time)
    found = findings_of([outcome])
    wrong = [each for each in found if each.level == "error"]
    if wrong:
        kind = "error" if broken else "failure"
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        message = _xml(f"{_line(wrong[0])}{more}")
        ET.SubElement(case, kind, message=message, type=wrong[0].rule).text = _lines(wrong)
    ET.SubElement(suite, "system-out").text = _lines([each for each in found if each.level != "error"])
    ET.SubElement(suite, "system-err")
    return suite


def _lines(found: Sequence[Finding]) -> str:
    return "".join(f"{_xml(_line(each))}\n" for each in found)


def _line(found: Finding) -> str:
    place = f"{found.file}:{found.line}:{found.column}: " if found.length else ""
    return f"{place}{found.level.value}[{found.rule}]: {found.text}"


def _xml(text: str) -> str:
    """The text with what XML 1.0 cannot hold, or a log would obey, taken out."""
    return _NOT_XML.sub(ODD, clean(text))


def _token(text: str) -> str:
    """A name without line ends and repeated blanks, of one character at least."""
    return " ".join(_xml(text).split()) or "?"
