"""JUnit XML, as test reports of CI systems read it: a suite and a test case for each manifest, or for each rule of an
audit. So what was mended is told as such: the case that failed is there, and passes.

There is no standard. What is written fits windyroad's JUnit.xsd (Ant's form, the strictest) and Jenkins's junit-10.xsd;
GitLab shows a case's name, class and failure, Azure Pipelines its name, message and text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from tfinfra.cli.formats.findings import NOT_THE_MANIFESTS, Finding, findings_of
from tfinfra.cli.manifests.outcome import Outcome
from tfinfra.text.cleaning import ODD, clean

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """A test case: what `found` has of errors is why it failed. `broken`: it could not be looked at. `seconds` is how
    long it took. `skipped` is why nobody looked, which counts where nothing is wrong."""

    name: str
    found: Sequence[Finding] = ()
    broken: bool = False
    seconds: float = 0.0
    skipped: str | None = None

    @property
    def wrong(self) -> Sequence[Finding]:
        return [each for each in self.found if each.level == "error"]


def junit(verb: str, outcomes: Sequence[Outcome], now: str) -> str:
    """The document of a verb's manifests; `now` is a UTC time such as 2026-11-30T16:00:00."""
    return document(_suite(verb, number, outcome, now) for number, outcome in enumerate(outcomes))


def _suite(verb: str, number: int, outcome: Outcome, now: str) -> ET.Element:
    found = findings_of([outcome])
    case = Case(outcome.manifest, found, outcome.exit_code in NOT_THE_MANIFESTS, outcome.seconds)
    return suite(outcome.manifest, f"tfinfra.{verb}", number, [case], now)


def document(suites: Iterable[ET.Element]) -> str:
    """The text of a file with these suites."""
    root = ET.Element("testsuites")
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def suite(name: str, package: str, number: int, cases: Sequence[Case], now: str) -> ET.Element:
    """A suite of cases, the `number`th of its document."""
    failed = [case for case in cases if case.wrong]
    found = ET.Element(
        "testsuite",
        name=_token(name),
        package=package,
        id=str(number),
        timestamp=now,
        hostname="localhost",
        tests=str(len(cases)),
        failures=str(sum(not case.broken for case in failed)),
        errors=str(sum(case.broken for case in failed)),
        time=f"{sum(case.seconds for case in cases):.3f}",
    )
    ET.SubElement(found, "properties")
    for case in cases:
        found.append(_case(case, package))
    others = [each for case in cases for each in case.found if each.level != "error"]
    ET.SubElement(found, "system-out").text = _lines(others)
    ET.SubElement(found, "system-err")
    return found


def _case(case: Case, package: str) -> ET.Element:
    found = ET.Element("testcase", name=_token(case.name), classname=package, time=f"{case.seconds:.3f}")
    if case.wrong:
        more = f" (and {len(case.wrong) - 1} more)" if len(case.wrong) > 1 else ""
        message, kind = _xml(f"{_line(case.wrong[0])}{more}"), "error" if case.broken else "failure"
        ET.SubElement(found, kind, message=message, type=case.wrong[0].rule).text = _lines(case.wrong)
    elif case.skipped is not None:
        ET.SubElement(found, "skipped", message=_xml(case.skipped))
    return found


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
