"""Whatever a manifest says, it is compiled or refused with diagnostics: never a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfinfra.compiler.load import load_project, project_from_arguments
from tfinfra.compiler.pipeline import check_manifest
from tfinfra.errors import TfinfraError
from tfinfra.manifest.key_schema import LIMITS, MANIFEST, SPELLINGS, TARGET
from tfinfra.manifest.words.refused import ESTIMATOR

KEYS = [*MANIFEST, *SPELLINGS, *TARGET, *LIMITS, *ESTIMATOR, "unknown", "hold"]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**25), 10**25),
    st.integers(0, 9),
    st.floats(allow_nan=False),
    st.sampled_from(
        ["mpi", "ps", "local", "azure", "1h", "2.15.1", "train.py", "..", "/etc", "Standard_D8s_v5", "a\0b", ""]
    ),
    st.text(max_size=6),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from([*KEYS, "--flag", "A"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=120, deadline=None)
@given(given_=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_arguments(tmp_path: Path, given_: dict[str, Any]) -> None:
    (tmp_path / "train.py").write_text("print()\n")
    arguments = {"entry_script": "train.py", **given_}
    try:
        check_manifest(project_from_arguments(arguments, name="x", folder=tmp_path))
    except TfinfraError as error:
        assert any(diagnostic.is_error for diagnostic in error.diagnostics)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(given_=st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6))
def test_any_file(tmp_path: Path, given_: dict[str, Any]) -> None:
    import yaml

    (tmp_path / "train.py").write_text("print()\n")
    path = tmp_path / "any.yaml"
    path.write_text(yaml.safe_dump({"entry_script": "train.py", **given_}, sort_keys=False), encoding="utf-8")
    try:
        check_manifest(load_project(path))
    except TfinfraError as error:
        errors = [diagnostic for diagnostic in error.diagnostics if diagnostic.is_error]
        assert errors
        assert all(diagnostic.position is not None for diagnostic in errors)
