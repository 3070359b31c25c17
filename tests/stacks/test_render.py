"""The deploy folder as text: the same bytes for the same plan, and no more than the plan needs."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from tests.stacks.plans import ALONE, FLEXIBLE, INFRASTRUCTURES, plan
from tests.stacks.recording import RUN, config, run_program, write
from tfinfra.compiler.deploy.render import render
from tfinfra.lifecycle.record.names import compute_part, group_name
from tfinfra.model import Infrastructure, Plan, from_json

NEEDED = {"Pulumi.yaml", "README.md", "__main__.py", "cloud-init.yaml", "manifest.resolved.yaml", "plan.json"}


@pytest.mark.parametrize("infrastructure", INFRASTRUCTURES.values(), ids=INFRASTRUCTURES.keys())
def test_the_same_plan_gives_the_same_bytes_and_valid_documents(infrastructure: Infrastructure) -> None:
    tree = render(plan(infrastructure), "name: digits\n")
    assert tree == render(plan(infrastructure), "name: digits\n")
    assert set(tree) >= NEEDED
    for path, text in tree.items():
        assert text.endswith("\n"), path
        if path.endswith(".py"):
            ast.parse(text, path)
        if path.endswith(".yaml"):
            yaml.safe_load(text)
    assert from_json(Plan, json.loads(tree["plan.json"])) == plan(infrastructure)


def test_only_plans_with_a_shared_directory_carry_its_component() -> None:
    alone, several = render(plan(ALONE), ""), render(plan(FLEXIBLE), "")
    assert "stacks/shared.py" in several
    assert "stacks/shared.py" not in alone
    assert "hared" not in alone["__main__.py"].replace('pulumi.export("shared", None)', "")


def test_the_program_is_read_in_a_minute() -> None:
    assert len(render(plan(FLEXIBLE), "")["__main__.py"].splitlines()) < 90


def test_the_timer_knows_the_group_of_every_place_that_may_be_tried(tmp_path: Path) -> None:
    others = (replace(FLEXIBLE, location="westeurope"), replace(FLEXIBLE, location="swedencentral"))
    requests, _ = run_program(write(FLEXIBLE, tmp_path, others), config("keep"))
    actions = requests["workflow"].body["properties"]["definition"]["actions"]
    looked = {name: action["inputs"]["uri"] for name, action in actions.items() if name.startswith("look_at_")}
    groups = {"keep": "keep"} | {f"compute{f'_{n}' if n else ''}": compute_part(n) for n in range(3)}
    assert looked.keys() == {f"look_at_{what}" for what in groups}
    for what, part in groups.items():
        assert f"/resourceGroups/{group_name(RUN, part)}?" in looked[f"look_at_{what}"]
