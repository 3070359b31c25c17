"""Python arguments as a document: what is taken for a value, and what is refused as an object."""

from __future__ import annotations

import enum
from collections import UserList, deque
from datetime import timedelta
from decimal import Decimal
from numbers import Integral, Real
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest

from tfinfra.manifest.arguments import argument_document
from tfinfra.manifest.shape import manifest_errors


class Size(enum.Enum):
    SMALL = "Standard_D2s_v5"


class Word(str, enum.Enum):
    MPI = "mpi"


class Level(enum.IntEnum):
    TWO = 2


class Thing:
    """A workspace, a cluster, a data reference: an object of another library."""

    def __str__(self) -> str:
        raise AssertionError("nobody asks an object for its text")

    __repr__ = __str__


class Restless:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


class Array:
    """As much of NumPy's arrays and scalars as is looked at."""

    def __init__(self, value: Any, shape: tuple[int, ...] = ()) -> None:
        self.value, self.shape = value, shape

    def item(self) -> Any:
        return self.value

    def tolist(self) -> Any:
        return self.value

    def __int__(self) -> int:
        return int(self.value)

    def __str__(self) -> str:
        return str(self.value)


@Integral.register
class Int64(Array):
    pass


@Real.register
class Float32(Array):
    def item(self) -> float:
        return 0.10000000149011612


class Text(str):
    __slots__ = ()


VALUES: dict[str, tuple[Any, Any]] = {
    "a path": (Path("src") / "a", "src/a"),
    "a path of no machine": (PurePosixPath("/a"), "/a"),
    "a member of an enum": (Size.SMALL, "Standard_D2s_v5"),
    "a member that is a text": (Word.MPI, "mpi"),
    "a member that is a number": (Level.TWO, 2),
    "a tuple": (("a", 1), ["a", 1]),
    "a range": (range(2), [0, 1]),
    "a list of another kind": (UserList([deque([1])]), [[1]]),
    "a mapping that nobody can change": (MappingProxyType({"a": 1}), {"a": 1}),
    "a key that is a number": ({1: "x"}, {"1": "x"}),
    "NumPy's whole number": (Int64(3), 3),
    "NumPy's number of 32 bits, as it prints": (Float32(0.1), 0.1),
    "NumPy's boolean": (Array(True), True),
    "NumPy's text": (Text("a"), "a"),
    "a decimal number, with its digits": (Decimal("1.10"), "1.10"),
    "an id": (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    "a number that is not one": (float("inf"), float("inf")),
}


@pytest.mark.parametrize(("given", "plain"), VALUES.values(), ids=VALUES.keys())
def test_what_means_a_value_is_one(given: Any, plain: Any) -> None:
    document = argument_document({"tags": given})
    assert document.faults == ()
    found = document.data["tags"]
    assert (found, type(found)) == (plain, type(plain))


OBJECTS: dict[str, tuple[dict[str, Any], str, str]] = {
    "data for the script": (
        {"script_params": {"--data-folder": Thing()}},
        "script_params.--data-folder",
        "data_folder",
    ),
    "one of a flag's values": ({"script_params": {"--a": ["x", Thing()]}}, "script_params.--a[1]", "TFINFRA_INPUT_A"),
    "a list of data references": ({"inputs": [Thing(), Thing()]}, "inputs", "inputs={'data': {'path': './data'}}"),
    "an input's path": ({"inputs": {"data": {"path": Thing()}}}, "inputs.data.path", "inputs={'data'"),
    "a cluster": ({"compute_target": Thing()}, "compute_target", "compute_targets.yaml"),
    "checkpoints": ({"resume_from": Thing()}, "resume_from", "run.id"),
    "a package": ({"pip_packages": ["numpy", Thing()]}, "pip_packages[1]", "'pandas==2.2.2'"),
    "a folder": ({"source_directory": Thing()}, "source_directory", "write a path as text"),
    "a count": ({"node_count": Thing()}, "node_count", "a number"),
    "an object whose attributes raise": ({"name": Restless()}, "name", "write text"),
    "bytes": ({"entry_script": b"train.py"}, "entry_script", ".decode()"),
    "a set": ({"pip_packages": {"numpy"}}, "pip_packages", "sorted()"),
    "a generator": ({"pip_packages": (name for name in ["numpy"])}, "pip_packages", "list()"),
    "an array": ({"script_params": {"--layers": Array([1, 2], (2,))}}, "script_params.--layers", ".tolist()"),
    "a function that was not called": ({"name": Path("a").as_posix}, "name", "()"),
    "a class": ({"compute_target": Thing}, "compute_target", "compute_targets.yaml"),
    "a number that no machine holds": ({"node_count": 10**5000}, "node_count", "smaller"),
    "an object as a key": ({"tags": {Thing(): "a"}}, "tags.…", "write text"),
}


@pytest.mark.parametrize(("given", "path", "hint"), OBJECTS.values(), ids=OBJECTS.keys())
def test_an_object_is_refused_once_at_its_place(given: dict[str, Any], path: str, hint: str) -> None:
    (fault,) = manifest_errors(argument_document({"entry_script": "train.py", **given}))
    assert (fault.code, fault.path) == ("TFI332", path)
    assert hint in str(fault.hint)


def test_a_duration_is_seconds_where_one_is_wanted() -> None:
    hours = timedelta(hours=2)
    document = argument_document({"limits": {"max_run_duration": hours}, "on_failure": {"hold": hours}})
    assert document.data == {"limits": {"max_run_duration": 7200}, "on_failure": {"hold": 7200}}
    assert argument_document({"tags": {"a": hours}}).faults


def test_a_text_that_utf8_cannot_hold_is_refused() -> None:
    (fault,) = manifest_errors(argument_document({"entry_script": "train\udce4.py"}))
    assert (fault.code, fault.path) == ("TFI333", "entry_script")


def test_what_contains_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    (fault,) = argument_document({"tags": {"a": endless}}).faults
    assert (fault.code, fault.path) == ("TFI332", "tags.a")


class MpiConfiguration:
    process_count_per_node = 2
    node_count = 3


class ParameterServer:
    def __init__(self) -> None:
        self.worker_count, self.parameter_server_count = 4, 1


TRAININGS = {
    "the class": (MpiConfiguration, "write distributed_backend: mpi"),
    "an object": (MpiConfiguration(), "write distributed_backend: mpi, process_count_per_node: 2, node_count: 3"),
    "another": (ParameterServer(), "write distributed_backend: ps, worker_count: 4, parameter_server_count: 1"),
    "one that means nothing here": (Thing(), "write distributed_backend: mpi with"),
}


@pytest.mark.parametrize(("given", "hint"), TRAININGS.values(), ids=TRAININGS.keys())
def test_distributed_training_is_refused_with_what_to_write_for_this_object(given: Any, hint: str) -> None:
    (error,) = manifest_errors(argument_document({"entry_script": "t.py", "distributed_training": given}))
    assert (error.code, error.path) == ("TFI208", "distributed_training")
    assert str(error.hint).startswith(hint)
