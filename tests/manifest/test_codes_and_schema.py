"""Every code that is emitted has a long form, and the JSON Schema agrees with the manifests that are accepted."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import tfinfra
from tfinfra.errors import ManifestError, NotFeasible
from tfinfra.manifest.codes import SUBJECTS, exit_code, explanation, explanations
from tfinfra.manifest.json_schema import json_schema
from tfinfra.manifest.key_schema import MANIFEST

PACKAGE = Path(tfinfra.__file__).parent


def test_every_code_in_the_source_has_a_long_form_and_the_other_way_round() -> None:
    text = "".join(path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if path.name != "explain.py")
    emitted = set(re.findall(r'"(TFI\d{3})"', text))
    assert emitted == {found.code for found in explanations() if not found.retired}


PUBLISHED = Path(__file__).with_name("published_codes.json")


def test_no_published_code_changes_its_number_title_or_exit_code() -> None:
    """A new code gets its line in the file by hand; a line that is there stays as it is."""
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    known = {found.code: [found.title, found.exit_code] for found in explanations()}
    assert known == published
    assert sorted(known) == list(known), "rows stand by number, so that two branches cannot both take the next one"


def test_every_code_has_a_number_of_one_subject_and_each_subject_has_numbers_left() -> None:
    taken = {int(found.code.removeprefix("TFI")) for found in explanations()}
    numbers = [number for ranges in SUBJECTS.values() for part in ranges for number in part]
    assert len(numbers) == len(set(numbers))
    assert taken <= set(numbers)
    for subject, ranges in SUBJECTS.items():
        assert len({number for part in ranges for number in part} - taken) >= 5, subject


def test_an_exit_code_stands_beside_its_code() -> None:
    assert exit_code("TFI403") == NotFeasible.exit_code
    assert exit_code("TFI301") == exit_code("TFI999") == ManifestError.exit_code


def test_long_forms_are_sentences() -> None:
    for found in explanations():
        assert found.title
        assert found.text.endswith(".")
    assert explanation("TFI999") is None


def test_the_schema_has_every_key_with_its_meaning_and_default() -> None:
    schema = json_schema()
    assert set(MANIFEST) <= set(schema["properties"])
    assert all(value.get("description") for value in schema["properties"].values())
    assert schema["properties"]["framework_version"]["default"] == "2.15.1"
    assert schema["properties"]["limits"]["properties"]["max_run_duration"]["default"] == 86400
    assert schema["additionalProperties"] is False


def test_a_code_that_is_reported_as_a_warning_is_known_as_one() -> None:
    """What `--allow` takes. Found where a code and its severity stand in one call."""
    warned = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and re.search(r"attr='(WARNING|NOTICE)'", ast.dump(node)):
                given = [*node.args, *(keyword.value for keyword in node.keywords)]
                warned |= {one.value for one in given if isinstance(one, ast.Constant) and _is_code(one.value)}
    assert len(warned) > 20
    assert warned <= {found.code for found in explanations() if found.warns}


def _is_code(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"TFI\d{3}", value) is not None
