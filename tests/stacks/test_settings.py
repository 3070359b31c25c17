"""A stack's configuration that is missing, misspelt or of another run ends the program with a sentence for each key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from stacks.plan import Plan as StacksPlan
from stacks.plan import _plan
from stacks.settings import KEYS, read_settings, run_of
from tests.stacks.plans import FLEXIBLE, plan
from tests.stacks.recording import IDENTITY, RUN, config, node_settings
from tfinfra.azure.deletion.group_names import RUN_ID
from tfinfra.compiler.deploy.render import render
from tfinfra.model import to_json

STACKS = {"keep": f"{RUN}-keep", "compute": f"{RUN}-compute"}


def settings_text(**changes: Any) -> str:
    return json.dumps({**node_settings(), **changes})


WRONG: dict[str, tuple[str, dict[str, str | None], str]] = {
    "no run": ("keep", {"run": None}, "tfinfra:run is missing: a run's id, .*`pulumi config set run "),
    "an empty owner": ("keep", {"owner": ""}, "tfinfra:owner is missing"),
    "a run id without its letters": ("keep", {"run": "digits"}, 'tfinfra:run is "digits": not a run\'s id'),
    "a run id that leaves its group": ("keep", {"run": "../x-ab12cd"}, "tfinfra:run is"),
    "a time without its zone": ("keep", {"deadline": "2126-11-30T10:00:00"}, "tfinfra:deadline is .*: not the time"),
    "a day that no month has": ("keep", {"deadline": "2126-02-30T10:00:00Z"}, "tfinfra:deadline is .*no such time"),
    "a group that goes before its machines": ("keep", {"expiresAt": "2100-01-01T00:00:00Z"}, "before the deadline"),
    "a choice that the plan has not": ("compute", {"choice": "2"}, 'choice is "2": above 1: the plan has 2'),
    "a choice that is no number": ("compute", {"choice": "-1"}, 'choice is "-1": not which of the plan\'s places'),
    "a role's name in place of its GUID": ("keep", {"deleterRole": "Owner"}, "the GUID of a role .*none"),
    "another kind of caller": ("keep", {"principalType": "user"}, "User, Group or ServicePrincipal"),
    "an endpoint without a scheme": ("keep", {"armEndpoint": "management.azure.com"}, "armEndpoint is .*ARM's URL"),
    "an identity's name in place of its id": ("compute", {"identityId": "nodes"}, "the ARM id of the nodes' identity"),
    "an id that ends early": ("compute", {"timerIdentityId": "/subscriptions/a"}, "the ARM id of the timer's"),
    "an identity without settings": ("compute", {"nodeSettings": None}, "nodeSettings is missing.*tfinfra push"),
    "settings without an identity": ("compute", {"identityId": None}, "identityId is missing.*tfinfra push"),
    "settings that are a list": ("compute", {"nodeSettings": "[]"}, "nodeSettings is .*a JSON object"),
    "settings that are cut": ("compute", {"nodeSettings": '{"run": }'}, "nodeSettings is no JSON"),
    "another run's settings": ("compute", {"nodeSettings": settings_text(run="a-bcdefg")}, 'of the run "a-bcdefg"'),
    "another attempt's settings": ("compute", {"choice": "1"}, f"not of 'tfinfra-{RUN}-compute-1'"),
    "a digest that is none": ("compute", {"nodeSettings": settings_text(bundle_sha256="x")}, "no 'bundle_sha256'"),
    "settings without a store": ("compute", {"nodeSettings": settings_text(store=7)}, "no 'store' that a node"),
}


STRANGE = {
    "a letter too few": (
        "tfinfra:expiresA",
        "tfinfra:expiresA is no key of this program: did you mean tfinfra:expiresAt?",
    ),
    "another case": ("tfinfra:DeleterRole", "did you mean tfinfra:deleterRole?"),
    "a word of nobody's": ("tfinfra:colour", "tfinfra:colour is no key of this program: there are run, owner, "),
    "a namespace that is spelt nearly so": ("tfinfar:choice", "did you mean tfinfra:choice?"),
}


@pytest.mark.parametrize(("name", "message"), STRANGE.values(), ids=STRANGE)
def test_a_key_that_nobody_would_read_is_told(name: str, message: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        read_settings(STACKS["keep"], config("keep").get, 1, [*(f"tfinfra:{key}" for key in config("keep")), name])
    assert message in str(caught.value)


def test_keys_of_others_are_theirs() -> None:
    names = [*(f"tfinfra:{key}" for key in KEYS), "azure-native:location", "mine:choice", "aws:run"]
    assert read_settings(STACKS["keep"], config("keep").get, 1, names).run == RUN


def test_all_that_pulumi_is_told_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps({"tfinfra:run": RUN, "tfinfra:ownr": "ada"}))
    with pytest.raises(pulumi.RunError, match=r"tfinfra:ownr .* did you mean tfinfra:owner\?"):
        read_settings(STACKS["keep"], config("keep").get, 1)


@pytest.mark.parametrize(("part", "changes", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_told_by_key(part: str, changes: dict[str, str | None], message: str) -> None:
    given = {**config(part), **changes}
    with pytest.raises(pulumi.RunError, match=message):
        read_settings(STACKS[part], given.get, 2)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        read_settings("digits", {"owner": "ada", "choice": "9"}.get, 1)
    told = str(caught.value)
    for part in ("must end in -keep or -compute", "run is missing", "deadline is missing", 'choice is "9"'):
        assert part in told


def test_without_an_expiry_the_keep_group_outlives_its_machines_as_long_as_outputs_are_kept() -> None:
    made = {}
    for part, stack in STACKS.items():
        given = {**config(part), "expiresAt": None, "deadline": "2126-11-30T10:00:00Z"}
        made[part] = run_of(read_settings(stack, given.get, 1), _stacks_plan()).expires_at
    assert made == {"keep": "2126-12-07T10:00:00Z", "compute": "2126-11-30T10:00:00Z"}


def _stacks_plan() -> StacksPlan:
    return _plan(to_json(FLEXIBLE), 1, 7 * 24 * 3600)


@pytest.mark.parametrize("stack", ["keep", f"{RUN}-keep", "compute", f"{RUN}-compute"])
def test_a_stack_is_the_part_that_its_name_ends_in(stack: str) -> None:
    part = stack.rpartition("-")[2]
    assert read_settings(stack, config(part).get, 1).part == part


def test_a_run_id_is_what_tfinfra_takes_for_one() -> None:
    assert KEYS["run"].pattern == RUN_ID.pattern
    assert read_settings(STACKS["compute"], config("compute").get, 1).pushed is not None
    assert IDENTITY in str(read_settings(STACKS["compute"], config("compute").get, 1).pushed)


def test_the_readme_of_the_folder_tells_of_every_key() -> None:
    readme = render(replace(plan(), alternatives=(FLEXIBLE,)), "")["README.md"]
    assert [key for key in KEYS if f"`{key}`" not in readme] == []
