"""What ARM answers of an image, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.azure.preflight.replies import DEMAND, FORBIDDEN, SUB, listed, sku
from tests.stacks.plans import FLEXIBLE, plan
from tfinfra.azure.preflight import image
from tfinfra.azure.preflight.capacity import sku as sizes
from tfinfra.azure.preflight.finding import ArmReply
from tfinfra.errors import Severity
from tfinfra.model import Image

HPC = Image("microsoft-dsvm", "ubuntu-hpc", "2404", "24.04.1")
PLAIN = Image("Canonical", "ubuntu-24_04-lts", "server", "24.04.1")
ACME = Image("acme", "training", "gpu", "1.0.0")
OWN = f"{SUB}/resourceGroups/g/providers/Microsoft.Compute/galleries/g/images/gpu/versions/1.0.0"
GONE = ArmReply(404, {})


def described(**properties: Any) -> ArmReply:
    return ArmReply(200, {"properties": {"hyperVGeneration": "V2", "architecture": "x64", **properties}})


ERROR, WARNING = Severity.ERROR, Severity.WARNING
AGE = {"imageState": "ScheduledForDeprecation", "scheduledDeprecationTime": "2027-01-01"}
IMAGES: dict[str, tuple[Image, ArmReply, bool, list[tuple[str, Severity]]]] = {
    "there, with a driver": (HPC, described(), True, []),
    "not there": (HPC, GONE, True, [("TFI609", ERROR)]),
    "of the wrong generation": (HPC, described(hyperVGeneration="V1"), False, [("TFI610", ERROR)]),
    "for another processor": (HPC, described(architecture="Arm64"), False, [("TFI610", ERROR)]),
    "without a driver": (PLAIN, described(), True, [("TFI611", ERROR)]),
    "without a driver that nobody needs": (PLAIN, described(), False, []),
    "nobody knows of a driver": (ACME, described(), True, []),
    "deprecated": (HPC, described(imageDeprecationStatus={"imageState": "Deprecated"}), False, [("TFI612", ERROR)]),
    "soon deprecated": (HPC, described(imageDeprecationStatus=AGE), False, [("TFI612", WARNING)]),
    "sold under a plan": (ACME, described(plan={"name": "pro"}), False, [("TFI625", ERROR)]),
    "made of one that is": (ACME, described(purchasePlan={"name": "pro"}), False, [("TFI625", ERROR)]),
    "no answer is no finding": (HPC, FORBIDDEN, True, []),
}


def image_findings(which: Image, answer: image.ImageAnswer, *, use_gpu: bool) -> list[tuple[str, Severity, str | None]]:
    wanted = replace(plan(replace(FLEXIBLE, image=which)), use_gpu=use_gpu)
    found = image.findings(wanted, answer, sizes.offer(listed(sku()), DEMAND))
    return [(f.code, f.severity, f.hint) for f in found]


@pytest.mark.parametrize("case", IMAGES)
def test_images(case: str) -> None:
    which, reply, use_gpu, expected = IMAGES[case]
    found = image_findings(which, image.ImageAnswer(reply, reply), use_gpu=use_gpu)
    assert [(code, severity) for code, severity, _ in found] == expected
    assert all(hint for _, _, hint in found)


def test_versions_that_are_there_are_named() -> None:
    answer = image.ImageAnswer(GONE, GONE, listed({"name": "24.04.0"}))
    assert image_findings(HPC, answer, use_gpu=True) == [("TFI609", ERROR, "there are versions 24.04.0")]


def test_where_nothing_is_there_the_line_that_lists_images_is_named() -> None:
    ((_, _, hint),) = image_findings(ACME, image.ImageAnswer(GONE, GONE, GONE), use_gpu=False)
    line = "az vm image list --location eastus --publisher acme --offer training --sku gpu --all"
    assert f"`{line}` lists what is there" in str(hint)
    ((_, _, hint),) = image_findings(Image(id=OWN), image.ImageAnswer(GONE, GONE), use_gpu=False)
    assert f"`az resource show --ids {OWN}`" in str(hint)


GALLERY: dict[str, tuple[ArmReply, ArmReply, list[str]]] = {
    "described by its definition": (described(hyperVGeneration=None), described(), []),
    "of the wrong generation": (ArmReply(200, {}), described(hyperVGeneration="V1"), ["TFI610"]),
    "a version that is not there": (GONE, described(), ["TFI609"]),
    "a gallery that is not there": (GONE, GONE, ["TFI609"]),
}


@pytest.mark.parametrize("case", GALLERY)
def test_images_of_ones_own(case: str) -> None:
    itself, definition, expected = GALLERY[case]
    found = image_findings(Image(id=OWN), image.ImageAnswer(itself, definition), use_gpu=True)
    assert [code for code, _, _ in found] == expected
    assert image.definition_of(OWN).endswith("/galleries/g/images/gpu")


VERSIONS = {
    "by number and not by letter": (["24.04.9", "24.04.10", "22.04.11"], "24.04.10"),
    "a single one": (["1.0.0"], "1.0.0"),
    "none": ([], None),
}


@pytest.mark.parametrize("case", VERSIONS)
def test_the_newest_version(case: str) -> None:
    names_, expected = VERSIONS[case]
    assert image.newest(listed(*({"name": name} for name in names_))) == expected
