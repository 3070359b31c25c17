"""The bill of materials as one document: whatever stands in it follows from its packages, data and machines, which are
held against other records one by one, and from the statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.findings import Finding
from tfinfra.auditing.loosely import mapping, mappings, text
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.statement_read import Statement
from tfinfra.auditing.told import changed, unverifiable
from tfinfra.evidence import names
from tfinfra.evidence.bill import model
from tfinfra.evidence.cyclonedx import Component, document, library
from tfinfra.evidence.packages import Package, name_and_version
from tfinfra.text.wording import apart
from tfinfra.version import __version__


def is_as_written(evidence: Evidence) -> Iterator[Finding]:
    """No key more, no other name or version of a package than its URL has, no component twice."""
    statement, bill = evidence.statement, evidence.bill
    if not bill or statement is None:
        return
    if statement.tfinfra != __version__:
        sentence = f"is as tfinfra {statement.tfinfra} writes it, or is not: this is {__version__}"
        yield unverifiable("TFA325", names.BILL, "", sentence)
        return
    found = list(_other(_as_written(bill, statement), bill))
    if found:
        place, was, now = found[0]
        more = f", and {len(found) - 1} more places are not" if len(found) > 1 else ""
        sentence = f"is not as the rest of the evidence has it{more}"
        before, there = apart(str(was), str(now), 80)
        yield changed("TFA325", names.BILL, place, sentence, was=before, now=there)


def _as_written(bill: Mapping[str, Any], statement: Statement) -> Component:
    """The bill of these components. Its serial number, and name and digest of the model, have rules of their own."""
    own = mapping(mapping(bill.get("metadata")).get("component"))
    subject = {**model(text(own.get("name")), {}), **({"hashes": own["hashes"]} if "hashes" in own else {})}
    components = {text(each.get("bom-ref")): _component(each) for each in mappings(bill.get("components"))}
    return document(
        subject,
        list(components.values()),
        tfinfra=statement.tfinfra,
        serial=text(bill.get("serialNumber")),
        metadata={"timestamp": statement.finished or statement.started},
    )


def _component(component: Mapping[str, Any]) -> Component:
    """As it is written, by its URL and its digests; one without a URL is held against what was recorded, whole."""
    known = name_and_version(text(component.get("purl")))
    if known is None:
        return {**component, "bom-ref": text(component.get("bom-ref"))}
    digests = [text(each.get("content")) for each in mappings(component.get("hashes"))]
    digests += [text(each.get("value")) for each in mappings(component.get("properties"))]
    return library(Package(*known, text(component.get("purl")), tuple(digests)))


def _other(written: Any, there: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(place, as it is written, as it is there) of all that differs."""
    if isinstance(written, Mapping) and isinstance(there, Mapping):
        for key in dict.fromkeys([*written, *there]):
            at = f"{place}.{key}" if place else str(key)
            if key in written and key in there:
                yield from _other(written[key], there[key], at)
            else:
                yield at, written.get(key, "nothing"), there.get(key, "nothing")
    elif isinstance(written, list) and isinstance(there, list) and len(written) == len(there):
        for index, (one, other) in enumerate(zip(written, there, strict=True)):
            yield from _other(one, other, f"{place}[{index}]")
    elif written != there or type(written) is not type(there):
        yield place, written, there


CHECKS: tuple[Check, ...] = (is_as_written,)
