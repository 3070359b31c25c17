"""`tfinfra explain` answers for whatever word of tfinfra's somebody has met."""

from __future__ import annotations

import json

import pytest

from tfinfra.cli.explaining.verbs import verb_entries
from tfinfra.cli.main import VERBS, cli, main
from tfinfra.reference.find import entries

FOUND = {
    "a key": ("worker_count", ["key worker_count"]),
    "a key in a mapping": ("limits.max_cost_usd", ["key limits.max_cost_usd"]),
    "the end of a key's name": ("hold", ["key on_failure.hold"]),
    "a name of several files": ("vm_size", ["key vm_size", "key vm_size", "key allow.vm_size"]),
    "a target's key as a manifest has it": ("compute_target.zone", ["key zone"]),
    "a key below a name that users give": ("inputs.images.mode", ["key inputs.<name>.mode"]),
    "the same without the name": ("inputs.mode", ["key inputs.<name>.mode"]),
    "another spelling": ("pip_requirements_file_path", ["key pip_requirements_file_path"]),
    "a key that is refused": ("use_docker", ["key use_docker"]),
    "capitals": ("NODE_COUNT", ["key node_count"]),
    "an exit code": ("11", ["exit-code 11"]),
    "an exit code in words": ("exit 3", ["exit-code 3"]),
    "a variable": ("TFINFRA_OUTPUTS", ["variable TFINFRA_OUTPUTS"]),
    "a variable as a manifest has it": ("${TFINFRA_OUTPUTS}", ["variable TFINFRA_OUTPUTS"]),
    "an input's variable": ("TFINFRA_INPUT_DATA", ["variable TFINFRA_INPUT_<NAME>"]),
    "a variable of a node": ("NCCL_DEBUG", ["variable NCCL_<NAME>"]),
    "a verb": ("wait", ["verb wait"]),
    "a verb with verbs": ("catalog", ["verb catalog", "verb catalog refresh", "verb catalog sizes"]),
    "a verb's verb": ("catalog sizes", ["verb catalog sizes"]),
    "a verb with its argument": ("setup azure", ["verb setup"]),
    "a command": ("tfinfra up", ["verb up"]),
}


@pytest.mark.parametrize(("word", "names"), FOUND.values(), ids=FOUND)
def test_a_word_is_found(word: str, names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", *word.split(), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [f"{entry['kind']} {entry['name']}" for entry in document["entries"]] == names
    assert main(["explain", word]) == 0
    assert all(entry["title"].rstrip(".") in capsys.readouterr().out for entry in document["entries"][:1])


UNKNOWN = {
    "a misspelt key": ("worker_cout", "did you mean 'worker_count'?"),
    "a misspelt key of a mapping": ("limits.max_cost_us", "did you mean 'limits.max_cost_usd'?"),
    "a misspelt variable": ("tfinfra_output", "did you mean 'TFINFRA_OUTPUTS'?"),
    "a misspelt verb": ("valdate", "did you mean 'validate'?"),
    "a misspelt code": ("TFI2O3", "did you mean 'TFI203'?"),
    "another tool's word": ("instance_count", "write node_count"),
    "another tool's word in a mapping": ("limits.timeout", "write max_run_duration"),
    "another tool": (
        "SkyPilot",
        "what its words are here says docs/migration/skypilot.md; `tfinfra convert FILE` makes a manifest",
    ),
    "a kind of job": (
        "TFJob",
        "what its words are here says docs/migration/tfjob.md; `tfinfra convert FILE` makes a manifest",
    ),
    "a launcher": ("horovodrun", "what its words are here says docs/migration/horovodrun.md"),
    "nothing like it": ("zzzzzz", "`tfinfra explain` lists codes, `tfinfra --help` verbs"),
    "no exit code": ("99", "`tfinfra explain` lists codes, `tfinfra --help` verbs"),
}


@pytest.mark.parametrize(("word", "hint"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_word_that_nothing_has_is_met_with_what_may_be_meant(
    word: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", word]) == 2
    assert capsys.readouterr().err == f"error: nothing is called '{word}' here\n  hint: {hint}\n"


def test_a_key_is_told_with_type_default_and_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "evaluator_count"]) == 0
    assert capsys.readouterr().out == (
        "evaluator_count (key of the manifest): ps, estimator and coordinator: an evaluator\n\n"
        "1 adds a task that evaluates beside the training, on the node with the fewest tasks."
        " cluster_spec has none.\n\n"
        "  type     whole number, 0 to 1\n  default  0\n  since    0.1.0\n\n"
        "    distributed_backend: ps\n    tf_config: estimator\n    evaluator_count: 1\n"
    )


def test_every_entry_is_found_by_its_own_name(capsys: pytest.CaptureFixture[str]) -> None:
    from tfinfra.reference.find import found

    known = entries()
    assert [entry.name for entry in known if entry not in found(entry.name, known)] == []


def test_every_verb_has_its_entry_with_all_its_options() -> None:
    made = {entry.name: entry for entry in verb_entries()}
    assert [name for name in made if " " not in name] == list(VERBS)
    for name in VERBS:
        command = cli.get_command(None, name)  # type: ignore[arg-type]  # it looks at no context
        assert command is not None
        shown = [each for each in command.params if not getattr(each, "hidden", False)]
        flags = {flag for each in shown for flag in each.opts if flag.startswith("-")}
        written = " ".join(option.name for option in made[name].options)
        assert {flag for flag in flags if flag not in written.replace(",", " ").split()} == set()
        assert all(option.text for option in made[name].options), name
