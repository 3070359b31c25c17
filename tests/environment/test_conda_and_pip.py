"""Conda's packages and pip's: what TensorFlow requires binds conda, what conda installs binds uv, and nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.environment.support import lock as example
from tfinfra.environment.conda.conda_and_pip import conda_limits, pip_versions, python_packages, without_installed
from tfinfra.environment.conda.conda_lock import refuse_two_versions, with_conda
from tfinfra.environment.conda.locked_package import CondaPackage
from tfinfra.environment.recipe import RequestedPackages
from tfinfra.environment.requirements.markers import markers_of
from tfinfra.environment.uv.solve import SolveRequest
from tfinfra.environment.uv.uv_refusals import Unsolvable, solver_error
from tfinfra.errors import ManifestError
from tfinfra.model import Requirements

ASK = SolveRequest(("tensorflow-cpu==2.15.1",), ("setuptools<81",), "3.11.7", None, None)
WANTED = RequestedPackages("tensorflow-cpu", ASK.lines, horovod=False)
LINUX = markers_of("3.11.7", "x86_64-manylinux_2_28")


def package(name: str, version: str = "1.26.4", depends: tuple[str, ...] = ("python >=3.9",)) -> CondaPackage:
    url = f"file:///channel/linux-64/{name}-{version}-0.conda"
    return CondaPackage(name, version, "0", 0, "linux-64", None, depends, "file:///channel", url, "0" * 64)


def wanting(*conda: str) -> Requirements:
    return Requirements("2.15.1", "3.11", ("pandas",), horovod=False, gpu=False, conda=conda)


@pytest.mark.parametrize(
    ("required", "limits"),
    [
        ("numpy (<2.0.0,>=1.23.5)", ["numpy <2.0.0,>=1.23.5"]),
        ("keras==2.15.*", ["keras 2.15.*"]),
        ("ml-dtypes~=0.3.1", ["ml-dtypes ~=0.3.1", "ml_dtypes ~=0.3.1"]),
        ("six", []),
        ("tensorflow-intel==2.15.1; platform_system == 'Windows'", []),
        ("nvidia-nccl-cu12==2.16.5; extra == 'and-cuda'", []),
        ("tomli>=2; python_version < '3.11'", []),
        ("wheel<1; python_version >= '3.11'", ["wheel <1"]),
    ],
)
def test_what_tensorflow_requires_is_a_constraint_for_conda(required: str, limits: list[str]) -> None:
    assert conda_limits([required], LINUX) == (*limits, "setuptools <81")


def test_only_packages_with_modules_and_versions_that_pip_knows_bind_pip() -> None:
    conda = [
        package("numpy"),
        package("Typing_Extensions"),
        package("libz", depends=("libgcc",)),
        package("odd", "1_a b"),
    ]
    assert list(python_packages(conda)) == ["numpy", "typing-extensions"]


def test_what_conda_installs_is_taken_off_pips_list_with_its_hashes() -> None:
    numpy = "numpy==1.26.4 \\\n    --hash=sha256:bb \\\n    --hash=sha256:cc\n"
    text = f"absl-py==2.1.0 \\\n    --hash=sha256:aa\n{numpy}zipp==3.1\n"
    assert (
        without_installed(text, {"numpy": package("numpy")}) == "absl-py==2.1.0 \\\n    --hash=sha256:aa\nzipp==3.1\n"
    )
    assert pip_versions(text) == {"absl-py": "2.1.0", "numpy": "1.26.4", "zipp": "3.1"}


def test_uv_is_asked_to_keep_to_condas_versions_and_has_wheels_for_them() -> None:
    seen: list[tuple[SolveRequest, list[str]]] = []

    def solve(request: SolveRequest) -> tuple[RequestedPackages, str]:
        assert request.wheels is not None
        seen.append((request, sorted(path.name for path in request.wheels.iterdir())))
        return WANTED, "numpy==1.26.4\ntensorflow-cpu==2.15.1\n"

    _, text = with_conda((package("numpy"),), wanting("numpy"), ASK, solve)
    ((asked, wheels),) = seen
    assert asked.constraints == ("setuptools<81", "numpy==1.26.4")
    assert wheels == ["numpy-1.26.4-py3-none-any.whl"]
    assert text == "tensorflow-cpu==2.15.1\n"


def test_a_conflict_names_both_sides() -> None:
    def solve(request: SolveRequest) -> tuple[RequestedPackages, str]:
        why = Unsolvable("  Because pandas==3.0 depends on numpy>=2 and you require numpy==1.26.4, …")
        raise solver_error(why, "tensorflow-cpu", "2.15.1", "3.11.7")

    with pytest.raises(ManifestError) as caught:
        with_conda((package("numpy"), package("six", "1.16")), wanting("conda-forge::numpy<2"), ASK, solve)
    message = caught.value.message
    assert "do not agree: conda installs numpy 1.26.4 (for 'conda-forge::numpy<2')" in message
    assert "pandas==3.0 depends on numpy>=2" in message
    assert "six" not in message


def test_a_conflict_of_pips_packages_alone_is_told_as_such() -> None:
    def solve(request: SolveRequest) -> tuple[RequestedPackages, str]:
        raise solver_error(Unsolvable("  Because pandas==3 needs scipy>9"), "tensorflow-cpu", "2.15.1", "3.11.7")

    with pytest.raises(ManifestError, match=r"^pip_packages: the packages do not fit"):
        with_conda((package("numpy"),), wanting("numpy"), ASK, solve)


def test_a_package_under_another_name_in_conda_is_found_once_it_is_there(tmp_path: Path) -> None:
    info = tmp_path / "lib/python3.11/site-packages/numpy-1.25.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.25.0\n")
    lock = example()
    with pytest.raises(ManifestError, match=r"conda installs numpy 1\.25\.0, pip 1\.26\.4"):
        refuse_two_versions(tmp_path, lock.packages, lock.conda)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 1.26.4\n")
    refuse_two_versions(tmp_path, lock.packages, lock.conda)
