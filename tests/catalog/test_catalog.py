"""The catalog's data, as its loaders give it."""

from __future__ import annotations

from datetime import date

import pytest

from tfinfra.catalog.data_files import data_file
from tfinfra.catalog.sizes import locations, retired, size, sizes
from tfinfra.catalog.tensorflow import framework, frameworks, full_version
from tfinfra.catalog.tensorflow1_names import replacement
from tfinfra.manifest.manifest import Manifest


def test_a_size_is_found_in_any_case() -> None:
    found = size("STANDARD_nd96ASR_v4")
    assert found is not None
    assert (found.name, found.gpus, found.gpu_kind, found.infiniband) == ("Standard_ND96asr_v4", 8, "A100-40GB", True)
    assert found.usd_per_hour["eastus"] == 27.197
    assert not found.sold_in("northeurope")


def test_cpu_sizes_are_sold_everywhere_that_is_known() -> None:
    found = size("Standard_D8s_v5")
    assert found is not None
    assert (found.cores, found.memory_gib, found.gpus, found.infiniband) == (8, 32, 0, False)
    assert all(found.sold_in(location) for location in locations())


def test_the_infiniband_cpu_size_has_it() -> None:
    found = size("Standard_HB120rs_v3")
    assert found is not None
    assert (found.infiniband, found.gpus) == (True, 0)


def test_every_size_is_whole() -> None:
    for found in sizes():
        assert found.cores > 0
        assert found.memory_gib > 0
        assert (found.gpu_kind is None) == (found.gpus == 0)
        assert found.architecture in ("x86_64", "arm64")


@pytest.mark.parametrize("name", ["Standard_NC6", "STANDARD_NC24rs_v3", "Standard_D2_v2"])
def test_retired_sizes_have_a_successor_that_is_known(name: str) -> None:
    found = retired(name)
    assert found is not None
    assert size(found.instead) is not None
    assert size(name) is None


@pytest.mark.parametrize(("name", "cores"), [("STANDARD_D2_V2", 2), ("Standard_DS3_v2", 4), ("Standard_D14_v2", 16)])
def test_a_successor_has_as_many_cores(name: str, cores: int) -> None:
    found = retired(name)
    assert found is not None
    known = size(found.instead)
    assert known is not None and known.cores == cores


def test_every_retirement_has_a_day() -> None:
    for row in data_file("retired_sizes")["retired"]:
        assert date.fromisoformat(row["date"]).isoformat() == row["date"]


def test_a_minor_version_stands_for_its_newest_patch() -> None:
    assert full_version("2.15") == "2.15.1"
    assert full_version("2.15.0") == "2.15.0"
    assert full_version("2.16rc0") == "2.16rc0"
    assert framework("1.15") is None


def test_keras_3_and_the_end_of_estimator_come_together() -> None:
    assert all((known.keras == 3) == (not known.estimator) for known in frameworks())


def test_all_that_are_known_train_with_the_default_python() -> None:
    assert all(Manifest.python_version in known.python for known in frameworks())


def test_tensorflow_1_names() -> None:
    assert replacement("tensorflow.Session.run") == "tf.compat.v1.Session replaces it"
    assert replacement("tensorflow.compat.v1.Session") is None
    assert replacement("tensorflow.train.Checkpoint") is None
    assert replacement("numpy.log") is None
