"""A guardrails file is read whole, or everything that is wrong with it is said at its line."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from tfinfra.errors import ManifestError
from tfinfra.guardrails.key_schema import ALLOW, GUARDRAILS
from tfinfra.guardrails.read import read_guardrails
from tfinfra.guardrails.values import Allowed, Audit, Guardrails, GuardrailsFile
from tfinfra.manifest.json_schema import file_schema

HERE = Path("/platform")
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "guardrails.md"
WHOLE = """\
$schema: guardrails.schema.json
allow:
  vm_size: [Standard_NC*_T4_v3, Standard_D8s_v5]
  max_nodes: 16
  max_run_duration: 12h
  max_cost_usd: 500
  vm_priority: lowpriority
  image: "microsoft-dsvm:*"
  tracking_host: mlflow.example.com
  inline: no
  exec: no
  max_live_runs: 0
  max_usd_per_hour: 12.5
require:
- limits.max_cost_usd
- tags.cost-center
- lock
policy: [./policies, /opt/packs]
audit: {sign: keys/evidence.pem, evidence: https://team.blob.core.windows.net/evidence}
"""


def read(text: str) -> GuardrailsFile:
    return read_guardrails(text.encode(), "g.yaml", HERE)


def test_every_key_is_read() -> None:
    found = read(WHOLE)
    assert found.allow == Allowed(
        vm_size=("Standard_NC*_T4_v3", "Standard_D8s_v5"),
        max_nodes=16,
        max_run_duration=12 * 3600,
        max_cost_usd=500,
        vm_priority=("low_priority",),
        image=("microsoft-dsvm:*",),
        tracking_host=("mlflow.example.com",),
        inline=False,
        exec=False,
        max_live_runs=0,
        max_usd_per_hour=12.5,
    )
    assert found.require == ("limits.max_cost_usd", "tags.cost-center", "lock")
    assert found.policy == (HERE / "policies", Path("/opt/packs"))
    assert found.audit == Audit(HERE / "keys/evidence.pem", None, ("https://team.blob.core.windows.net/evidence",))


@pytest.mark.parametrize(
    ("sign", "audit"),
    [
        ("none", Audit()),
        ("/k.pem", Audit(key=Path("/k.pem"))),
        ("azurekms://team/evidence", Audit(vault="azurekms://team/evidence")),
    ],
)
def test_nobody_a_file_or_a_vault_signs(sign: str, audit: Audit) -> None:
    assert read(f"audit: {{sign: '{sign}'}}").audit == audit


def test_the_last_file_that_names_a_key_has_it_sign_and_every_container_takes_a_copy() -> None:
    files = ("audit: {sign: a.pem, evidence: 'https://a/one'}", "audit: {sign: b.pem}", "audit: {sign: none}")
    assert Guardrails(tuple(map(read, files))).audit == Audit(HERE / "b.pem", None, ("https://a/one",))


def test_the_keys_that_an_audit_trusts_are_those_of_all_files() -> None:
    files = ("audit: {trust: [a.pub, /b.pub]}", "audit: {sign: k.pem, trust: a.pub}", "audit: {sign: none}")
    found = Guardrails(tuple(map(read, files))).audit
    assert found == Audit(HERE / "k.pem", trust=(HERE / "a.pub", Path("/b.pub")))


def test_a_guardrail_knows_its_line_and_value() -> None:
    found = read(WHOLE)
    assert [(one.name, one.value, one.line) for one in found.all][:2] == [
        ("allow.vm_size", "Standard_NC*_T4_v3, Standard_D8s_v5", 3),
        ("allow.max_nodes", "16", 4),
    ]
    assert (found.at("require", 2).name, found.at("require", 2).value, found.at("require", 2).line) == (
        *("require", "lock"),
        17,
    )


def test_anchors_and_merged_keys_are_what_they_stand_for() -> None:
    found = read("allow: &a\n  max_nodes: &n 4\n  max_live_runs: *n\n")
    assert (found.allow.max_nodes, found.allow.max_live_runs) == (4, 4)


WRONG: dict[str, tuple[str, list[str]]] = {
    "nothing": ("", ["g.yaml:1:1: TFI110"]),
    "a list": ("- allow", ["g.yaml:1:1: TFI110"]),
    "no YAML": ("allow: {", ["g.yaml:1:1: TFI105"]),
    "two documents": ("allow: {max_nodes: 1}\n---\nallow: {}", ["g.yaml:2:1: TFI107"]),
    "a key twice": ("allow: {max_nodes: 1, max_nodes: 2}", ["g.yaml:1:23: TFI108"]),
    "a pattern that YAML takes for an alias": ("allow: {image: *x}", ["g.yaml:1:16: TFI113"]),
    "null for a limit": ("allow: {max_nodes: null}", ["g.yaml:1:20: TFI202"]),
    "nothing after a key": ("allow:\n  max_nodes:\n", ["g.yaml:2:13: TFI202"]),
    "a mapping that allows nothing in particular": ("allow: {}", ["g.yaml:1:8: TFI202"]),
    "a list of no sizes": ("allow: {vm_size: []}", ["g.yaml:1:18: TFI202"]),
    "a list with an empty pattern": ("allow: {vm_size: ['']}", ["g.yaml:1:19: TFI202"]),
    "a number in exponential form": ("allow: {max_nodes: 1e9}", ["g.yaml:1:20: TFI202"]),
    "a negative number": ("allow: {max_nodes: -1}", ["g.yaml:1:20: TFI205"]),
    "what is no number": ("allow: {max_cost_usd: .nan}", ["g.yaml:1:23: TFI205"]),
    "an endless amount": ("allow: {max_cost_usd: .inf}", ["g.yaml:1:23: TFI205"]),
    "a number in quotes": ('allow: {max_cost_usd: "500"}', ["g.yaml:1:23: TFI202"]),
    "no duration": ("allow: {max_run_duration: 1w}", ["g.yaml:1:27: TFI206"]),
    "a word that is no priority": ("allow: {vm_priority: [spot]}", ["g.yaml:1:23: TFI206"]),
    "a word that is no boolean": ("allow: {inline: never}", ["g.yaml:1:17: TFI202"]),
    "misspelt keys": ("alow: {max_nodes: 1}\nallow: {max_node: 1}", ["g.yaml:1:1: TFI203", "g.yaml:2:9: TFI203"]),
    "a requirement of an unknown key": ("require: [limits.max_cost, tags]", ["g.yaml:1:11: TFI441"]),
    "a requirement without its tag": ("require: tags.", ["g.yaml:1:10: TFI441"]),
    "a key of a vault that is none": ("audit: {sign: 'azurekms://team'}", ["g.yaml:1:15: TFI455"]),
    "a key at another URL": ("audit: {sign: 'https://team/k'}", ["g.yaml:1:15: TFI455"]),
    "a container without a name": ("audit: {evidence: 'https://team.blob.core.windows.net'}", ["g.yaml:1:19: TFI206"]),
    "a container with a signature": ("audit: {evidence: 'https://a/one?sig=x'}", ["g.yaml:1:19: TFI206"]),
    "an audit of nothing": ("audit: {}", ["g.yaml:1:8: TFI202"]),
    "a requirement below a key that has nothing below": ("require: [name.x]", ["g.yaml:1:11: TFI441"]),
}


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_said_at_its_line(text: str, expected: list[str]) -> None:
    with pytest.raises(ManifestError) as error:
        read(text)
    assert [f"{found.place}: {found.code}" for found in error.value.diagnostics] == expected


def test_the_schema_takes_what_the_reader_takes() -> None:
    validator = jsonschema.Draft202012Validator(file_schema("guardrails", GUARDRAILS))
    validator.check_schema(validator.schema)
    assert list(validator.iter_errors(yaml.safe_load(WHOLE))) == []
    readable = {case: text for case, (text, (first, *_)) in WRONG.items() if "TFI20" in first}
    taken = [case for case, text in readable.items() if validator.is_valid(yaml.safe_load(text))]
    assert taken == ["what is no number"]  # JSON has no such thing to be forbidden
    assert len(readable) > 10


def test_a_hint_says_where_a_key_belongs() -> None:
    with pytest.raises(ManifestError) as error:
        read("max_nodes: 4\nallow: {requires: lock}\n")
    assert [found.hint for found in error.value.diagnostics] == [
        "it belongs under allow: {max_nodes: …}",
        None,
    ]


def test_the_example_of_the_document_has_every_key_and_is_right() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    found = read(text).document.data
    assert found.keys() == GUARDRAILS.keys()
    assert found["allow"].keys() == ALLOW.keys()
