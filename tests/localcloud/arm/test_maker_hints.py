"""The hints of a resource's maker: by headers, or beforehand where a maker cannot send them, as on the way to Azure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud.calls import ACCOUNT, SET, Arm, scale_set
from tests.machines import support
from tfinfra.localcloud.arm.providers.compute import image_of, kind_of
from tfinfra.localcloud.arm.providers.quota import LIMIT, limit
from tfinfra.localcloud.machines.machine_kinds import machines

ACCOUNT_BODY = {"location": "eastus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "properties": {}}


def test_hints_hold_for_makers_that_give_none_and_a_header_wins(arm: Arm, tmp_path: Path) -> None:
    arm.make_all()
    answer = arm.call("PUT", "/tfinfra/wishes", {"machines": "process", "image": str(tmp_path), "unknown": "1"})
    assert answer.body == {"machines": "process", "image": str(tmp_path)}
    assert arm.put(SET, scale_set()).status == 201
    made = arm.context.state.get(SET)
    assert made is not None
    assert (kind_of(made), image_of(made)) == ("fake", tmp_path)  # this test's ARM asks for fake machines by its header


def test_blobs_by_azurite_can_be_hinted_at_too(arm: Arm, tmp_path: Path) -> None:
    arm.make_groups()
    arm.call("PUT", "/tfinfra/wishes", {"blobs": "azurite"})
    assert "azurite is installed" in arm.put(ACCOUNT, ACCOUNT_BODY).body["error"]["message"]
    arm.call("PUT", "/tfinfra/wishes", {"blobs": "azurite", "azurite": str(tmp_path / "main.js")})
    assert arm.context.azurite == tmp_path / "main.js"
    arm.call("PUT", "/tfinfra/wishes", {})
    assert arm.put(ACCOUNT, ACCOUNT_BODY).status == 202


def test_a_machine_has_the_files_of_its_image(tmp_path: Path) -> None:
    image, folder = tmp_path / "image", tmp_path / "set"
    (image / "opt/tool").mkdir(parents=True)
    (image / "opt/tool/link").symlink_to("/elsewhere")
    folder.mkdir()
    script = "import os, pathlib\npathlib.Path('seen').write_text(os.readlink('opt/tool/link'))\n"
    booted = machines("process")
    try:
        booted.start(replace(support.scale_set(folder, script, 1), image=image))
        support.wait_for((folder / "vm_0/root/seen").exists)
        assert (folder / "vm_0/root/seen").read_text() == "/elsewhere"
    finally:
        booted.stop(folder)


WRONG = {
    "a name in other letters": ({"standardDSv5family": 1}, "is it standardDSv5Family?"),
    "a name in one place": ({"eastus": {"gpus": 1}}, "there is no usage 'gpus'"),
    "less than nothing": ({"cores": -1}, "a limit is a whole number"),
    "a text": ({"eastus": {"cores": "8"}}, "a limit is a whole number"),
}


@pytest.mark.parametrize(("body", "message"), WRONG.values(), ids=WRONG)
def test_a_limit_without_effect_is_refused(arm: Arm, body: dict[str, Any], message: str) -> None:
    answer = arm.call("PUT", "/tfinfra/quotas", body)
    assert (answer.status, message in answer.body["error"]["message"]) == (400, True)
    assert arm.context.quotas == {}


def test_limits_hold_until_they_are_as_usual_again(arm: Arm) -> None:
    assert arm.call("PUT", "/tfinfra/quotas", {"East US": {"cores": 8}, "virtualMachines": 3}).status == 200
    assert (limit(arm.context, "eastus", "cores"), limit(arm.context, "westus", "virtualMachines")) == (8, 3)
    assert arm.call("DELETE", "/tfinfra/quotas").status == 200
    assert limit(arm.context, "eastus", "cores") == LIMIT
