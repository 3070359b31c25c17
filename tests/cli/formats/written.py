"""What the formats' tests share: a repository with manifests, and a check of each format's form."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema

HERE = Path(__file__).parent
SIZE = "vm_size: Standard_D8s_v5\nlimits: {max_run_duration: 2h}\n"
GOOD = f"entry_script: train.py\n{SIZE}"
WRONG = f"entry_script: train.py\n{SIZE}worker_cout: 2\n"
WARNED = "entry_script: train.py\nvm_size: Standard_NC4as_T4_v3\nlimits: {max_run_duration: 2h}\n"


def repository(root: Path) -> Path:
    """A repository in `root` with manifests in its folder `ml`, which is returned."""
    (root / ".git").mkdir()
    folder = root / "ml"
    folder.mkdir()
    (folder / "train.py").write_text("print()\n")
    for name, text in {"good.yaml": GOOD, "wrong.yaml": WRONG, "warned.yaml": WARNED}.items():
        (folder / name).write_text(text)
    return folder


def read_sarif(file: Path) -> dict[str, Any]:
    """The one run of a SARIF file that has its form."""
    document = json.loads(file.read_text(encoding="utf-8"))
    schema = json.loads((HERE / "sarif_part.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[each["ruleIndex"]] for each in run["results"]] == [each["ruleId"] for each in run["results"]]
    found: dict[str, Any] = run
    return found


_SUITE = {"name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "time"}
_ATTRIBUTES = {
    "testsuites": set[str](),
    "testsuite": _SUITE,
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
    "properties": set[str](),
    "system-out": set[str](),
    "system-err": set[str](),
}
"""The attributes of each element, all of them required, that both Ant's and Jenkins's schema know."""


def read_junit(file: Path) -> list[ET.Element]:
    """The suites of a JUnit file that has its form: elements, attributes and their order, and sums that are right."""
    root = ET.fromstring(file.read_bytes())
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.keys()) == _ATTRIBUTES[element.tag], element.tag
    for number, suite in enumerate(root):
        cases = suite.findall("testcase")
        assert [child.tag for child in suite] == ["properties", *(c.tag for c in cases), "system-out", "system-err"]
        assert (suite.get("id"), suite.get("tests")) == (str(number), str(len(cases)))
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp", ""))
        assert re.fullmatch(r"\d+\.\d{3}", suite.get("time", ""))
        for kind in ("failure", "error"):
            assert suite.get(f"{kind}s") == str(len(suite.findall(f"testcase/{kind}")))
        assert all(len(case) <= 1 for case in suite.iter("testcase"))
        for name in _tokens(suite):
            assert name == " ".join(name.split()) != ""
    return list(root)


def _tokens(suite: ET.Element) -> Iterator[str]:
    yield suite.get("name", "")
    for case in suite.iter("testcase"):
        yield case.get("name", "")
        yield case.get("classname", "")


def as_golden(name: str, text: str, *, update: bool) -> tuple[str, str]:
    """(the text with its times taken out, what the golden of that name says)."""
    still = re.sub(r'(?<= time=")\d+\.\d{3}', "0.000", text)
    still = re.sub(r'(?<=timestamp=")[^"]*', "2026-11-30T16:00:00", still)
    golden = HERE / "golden" / name
    if update:
        golden.write_text(still, encoding="utf-8")
    return still, golden.read_text(encoding="utf-8")
