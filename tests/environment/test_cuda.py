"""Which CUDA toolkit compiles Horovod's GPU part: TensorFlow's own version first, a newer one, or an error that names
what is missing."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path

import pytest

from tests.environment.support import lock
from tfinfra.environment import horovod as module
from tfinfra.environment.cuda import Driver, Toolkit, cuda_of, find_toolkit, make_usable, stage_nccl
from tfinfra.environment.horovod import HorovodBuild, wheel_key
from tfinfra.environment.uv.tools import Tools
from tfinfra.errors import ProvisioningError, TfinfraError

CUDA_12 = "nvidia-cuda-nvcc-cu12==12.2.140 \\\n    --hash=sha256:00\nnvidia-cuda-runtime-cu12==12.2.140\n"


@pytest.fixture(autouse=True)
def no_toolkit_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))


def toolkit(home: Path, number: int, header: str = "include") -> Path:
    (home / "bin").mkdir(parents=True)
    (home / "bin/nvcc").touch()
    (home / header).mkdir(parents=True)
    (home / header / "cuda_runtime_api.h").write_text(f"/* … */\n#define CUDART_VERSION  {number}\n")
    return home


def found(tmp_path: Path) -> Toolkit:
    return find_toolkit(tmp_path / "environment", tmp_path / "tools", (12, 2), tmp_path / "local")


@pytest.mark.parametrize(
    ("packages", "version"),
    [
        (CUDA_12, (12, 2)),
        ("nvidia-cuda-runtime==13.0.96 \\\n", (13, 0)),
        ("numpy==1.26.4\n", None),
    ],
)
def test_a_lock_says_which_cuda_its_tensorflow_is_built_for(packages: str, version: tuple[int, int] | None) -> None:
    assert cuda_of(packages) == version


def test_the_images_toolkit_of_the_same_major_version_is_taken_before_a_newer_one(tmp_path: Path) -> None:
    toolkit(tmp_path / "local/cuda-13.0", 13000)
    toolkit(tmp_path / "local/cuda-12.8", 12080)
    assert found(tmp_path).version == (12, 8)


def test_condas_compiler_comes_first(tmp_path: Path) -> None:
    toolkit(tmp_path / "local/cuda", 12020)
    toolkit(tmp_path / "environment", 12040, header="targets/x86_64-linux/include")
    assert (found(tmp_path).spelt, found(tmp_path).source) == ("12.4", "conda's cuda-nvcc")


def test_a_newer_one_serves_where_there_is_no_other(tmp_path: Path) -> None:
    toolkit(tmp_path / "tools/nvidia/cu13", 13000)
    assert (found(tmp_path).spelt, found(tmp_path).source) == ("13.0", "the lock's nvidia-cuda-nvcc")


def test_an_older_one_and_none_are_errors_that_name_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ProvisioningError, match=r"\(nvcc\) and headers of CUDA 12 or newer; found: none"):
        found(tmp_path)
    home = toolkit(tmp_path / "local/cuda", 11080)
    with pytest.raises(ProvisioningError, match=f"found: CUDA 11.8 in {home}") as caught:
        found(tmp_path)
    assert "cuda-nvcc=12.2" in str(caught.value.hint)


DRIVERS: dict[str, tuple[Driver, list[int], int | None]] = {
    "a driver of CUDA 13 takes its compiler": (Driver(13000, 80), [13000], 13),
    "a newer driver takes an older compiler": (Driver(13010, 90), [12080], 12),
    "a driver of CUDA 12 does not take CUDA 13's code": (Driver(12020, 80), [13000], None),
    "a driver of CUDA 12 takes the machine's CUDA 12 beside it": (Driver(12020, 80), [12080, 13000], 12),
    "V100 does not take CUDA 13's code under a new driver": (Driver(13000, 70), [13000], None),
    "V100 takes CUDA 12's": (Driver(13000, 70), [12090, 13000], 12),
    "T4 takes CUDA 13's": (Driver(13000, 75), [13000], 13),
    "GPUs of a capability that nobody told": (Driver(13000), [13000], 13),
}


@pytest.mark.parametrize("sentence", DRIVERS)
def test_a_compiler_is_taken_only_where_the_driver_runs_its_code(sentence: str, tmp_path: Path) -> None:
    driver, compilers, major = DRIVERS[sentence]
    for number in compilers:
        toolkit(tmp_path / f"local/cuda-{number // 1000}", number)
    look = partial(find_toolkit, tmp_path / "environment", tmp_path / "tools", (12, 2), tmp_path / "local", driver)
    if major is not None:
        assert look().version[0] == major
        return
    with pytest.raises(ProvisioningError, match="a CUDA that this machine's driver serves: 1") as caught:
        look()
    assert "found: CUDA 13.0 in" in caught.value.message
    assert "conda_packages: [cuda-nvcc=12.2, cuda-cudart-dev=12.2]" in str(caught.value.hint)


def test_a_compiler_without_headers_is_none(tmp_path: Path) -> None:
    (tmp_path / "local/cuda/bin").mkdir(parents=True)
    (tmp_path / "local/cuda/bin/nvcc").touch()
    with pytest.raises(ProvisioningError, match="found: none"):
        found(tmp_path)


def test_wheels_get_the_names_that_a_linker_looks_for(tmp_path: Path) -> None:
    home = toolkit(tmp_path / "nvidia/cu13", 13000)
    (home / "lib").mkdir()
    (home / "lib/libcudart.so.13").touch()
    make_usable(tmp_path)
    assert (home / "lib64/libcudart.so").resolve() == home / "lib/libcudart.so.13"
    assert (home / "bin/nvcc").stat().st_mode & 0o111
    make_usable(tmp_path)


def test_nccl_of_tensorflows_packages_is_staged_under_its_link_name(tmp_path: Path) -> None:
    nccl = tmp_path / "environment/lib/python3.11/site-packages/nvidia/nccl"
    for part in ("include/nccl.h", "lib/libnccl.so.2"):
        (nccl / part).parent.mkdir(parents=True)
        (nccl / part).touch()
    staged = stage_nccl(tmp_path / "environment", tmp_path / "nccl")
    assert staged is not None
    assert (staged / "include/nccl.h").exists()
    assert (staged / "lib/libnccl.so").resolve() == nccl / "lib/libnccl.so.2"
    assert stage_nccl(tmp_path / "elsewhere", tmp_path / "none") is None


def test_horovods_build_is_told_all_of_it_and_says_which_compiler_it_is(tmp_path: Path) -> None:
    said: list[str] = []
    gpu = dataclasses.replace(lock(horovod="0.28.1"), gpu=True, packages=CUDA_12)
    build = HorovodBuild(gpu, tmp_path / "environment", tmp_path, Tools("uv", tmp_path / "log"), said.append)
    toolkit(tmp_path / "environment", 13000)
    with pytest.raises(TfinfraError, match="needs NCCL"):
        module.gpu_switches(build, tmp_path / "staging", "/usr/bin")
    library = tmp_path / "environment/lib/python3.11/site-packages/nvidia/nccl/lib/libnccl.so.2"
    library.parent.mkdir(parents=True)
    library.touch()
    told = module.gpu_switches(build, tmp_path / "staging", "/usr/bin")
    assert told["HOROVOD_GPU_OPERATIONS"] == "NCCL"
    assert told["HOROVOD_CUDA_HOME"] == str(tmp_path / "environment")
    assert told["HOROVOD_NCCL_HOME"] == str(tmp_path / "staging/nccl")
    assert told["LDFLAGS"] == "-s -Wl,-rpath,$ORIGIN/../../nvidia/nccl/lib,-rpath,$ORIGIN/../../../.."
    assert said[-1] == "Horovod's GPU part is compiled with CUDA 13.0 (conda's cuda-nvcc; TensorFlow's is 12.2)"
    assert told["PATH"] == f"{tmp_path}/environment/bin:/usr/bin"
    assert "HOROVOD_BUILD_CUDA_CC_LIST" not in told
    of_a_node = dataclasses.replace(build, driver=Driver(13000, 80))
    assert module.gpu_switches(of_a_node, tmp_path / "another", "")["HOROVOD_BUILD_CUDA_CC_LIST"] == "80"
    assert module.gpu_switches(dataclasses.replace(build, lock=lock(horovod="0.28.1")), tmp_path, "") == {}


def test_the_gpu_build_is_another_wheel() -> None:
    made = lock(horovod="0.28.1")
    assert wheel_key(dataclasses.replace(made, gpu=True)) != wheel_key(made)


def test_a_wheel_is_of_the_gpus_and_the_cuda_that_it_was_built_for() -> None:
    made = dataclasses.replace(lock(horovod="0.28.1"), gpu=True)
    drivers = (None, Driver(12020, 80), Driver(12020, 90), Driver(13000, 80))
    assert len({wheel_key(made, driver) for driver in drivers}) == len(drivers)
    assert wheel_key(made, Driver(12020, 80)) == wheel_key(made, Driver(12080, 80))
    of_cpus = dataclasses.replace(made, gpu=False)
    assert wheel_key(of_cpus, Driver(12020, 80)) == wheel_key(of_cpus)
