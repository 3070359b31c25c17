"""Which machines a local run gets, and what is said where there are none."""

from __future__ import annotations

import pytest

from tfinfra import clouds
from tfinfra.clouds import azure_cloud, possible_machines
from tfinfra.errors import ManifestError, NotFeasible
from tfinfra.model import Target

Kinds = dict[str, str | None]
BOTH: Kinds = {"namespace": None, "process": None}
ONE: Kinds = {"namespace": "it takes root", "process": None}
NONE: Kinds = {"namespace": "it takes root", "process": "no loopback addresses"}
WANTED: dict[str, tuple[Kinds, str | None, str]] = {
    "the better kind": (BOTH, None, "namespace"),
    "the one that is left": (ONE, None, "process"),
    "the one that is wished for": (BOTH, "process", "process"),
    "a wish for what is not possible": (ONE, "namespace", "!cannot boot namespace machines: it takes root"),
    "a wish for what does not exist": (BOTH, "docker", "!there are no 'docker' machines"),
    "none at all": (NONE, None, "!namespace: it takes root; process: no loopback addresses"),
    "a wish where none is possible": (NONE, "process", "!cannot boot process machines: no loopback"),
}


@pytest.mark.parametrize(("kinds", "wanted", "given"), WANTED.values(), ids=WANTED.keys())
def test_the_kind_of_machines(kinds: Kinds, wanted: str | None, given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "machine_kinds", lambda: kinds)
    if not given.startswith("!"):
        assert possible_machines(wanted) == given
        return
    with pytest.raises(NotFeasible, match=given[1:]):
        possible_machines(wanted)


def test_a_target_without_a_subscription_is_no_way_to_azure() -> None:
    with pytest.raises(ManifestError, match="the target 'gpus' names no subscription"):
        azure_cloud(Target("gpus", "azure", "eastus", "Standard_D8s_v5", 64))
