"""The lock's document: read as strictly as it is written, its digest over every value."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.locking import locks
from tfinfra.errors import ManifestError
from tfinfra.lifecycle.locking.as_it_is import as_it_is
from tfinfra.locking.aliases import Aliases, NoAlias, UnknownAlias, aliased, sources_of
from tfinfra.locking.canonical import canonical, document_digest
from tfinfra.locking.compare import differences
from tfinfra.locking.document import LockedIndexes
from tfinfra.locking.environment import environment_lock
from tfinfra.locking.now import Now
from tfinfra.locking.read import read_lock
from tfinfra.manifest.document import Document
from tfinfra.model import PackageSources
from tfinfra.system.local_tree import Trust
from tfinfra.system.progress import say_nothing

Path_ = tuple[Any, ...]


def leaves(value: Any, path: Path_ = ()) -> list[Path_]:
    if isinstance(value, dict):
        return [leaf for key, each in value.items() for leaf in leaves(each, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, each in enumerate(value) for leaf in leaves(each, (*path, index))]
    return [path]


def with_value(data: Any, path: Path_, value: Any) -> Any:
    copy = json.loads(json.dumps(data))
    inner = copy
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return copy


OTHER = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=20),
    st.just([]),
    st.just({}),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_value_can_be_another_one_unseen(data: st.DataObject, manifest: Path) -> None:
    path = manifest.parent / "train.lock.yaml"
    written = yaml.safe_load(path.read_text().replace("\n---", ""))
    place = data.draw(st.sampled_from(leaves(written)))
    value = data.draw(OTHER)
    mutated = with_value(written, place, value)
    if canonical_or_none(mutated) == canonical_or_none(written):
        return
    document, now = here(manifest)
    text = json.dumps(mutated, ensure_ascii=False).encode()  # JSON is YAML
    try:
        read = read_lock(text, "train.lock.yaml")
    except ManifestError:
        return
    assert differences(read, document, now), (place, value)


@cache
def here(manifest: Path) -> tuple[Document, Now]:
    compiled = locks.compiled(manifest)
    now = as_it_is(compiled, manifest, Aliases(), folder=manifest.parent, trust=Trust.TIMES, progress=say_nothing)
    return compiled.manifest.document, now


def canonical_or_none(value: Any) -> bytes | None:
    try:
        return canonical(value)
    except ValueError:
        return None


def test_the_digest_is_that_of_any_tool_of_rfc_8785(manifest: Path) -> None:
    read = read_lock((manifest.parent / "train.lock.yaml").read_bytes(), "train.lock.yaml")
    data = json.loads(json.dumps(read.document.data))
    stated = data["lock"].pop("digest")
    assert stated == document_digest(read.document.data)
    # of plain text and whole numbers the standard's form is JSON without spaces, its keys sorted
    data["limits"]["max_cost_usd"] = int(data["limits"]["max_cost_usd"])
    plain = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    assert plain == canonical(data)


def test_the_environment_is_the_same_from_the_lock_and_back(manifest: Path) -> None:
    read = read_lock((manifest.parent / "train.lock.yaml").read_bytes(), "train.lock.yaml")
    assert read.lock is not None
    held = environment_lock(read.lock.environment)
    assert held.key == read.lock.environment.key
    assert held.packages.count("--hash=sha256:") == len(read.lock.environment.packages)
    mirror = environment_lock(read.lock.environment, PackageSources("https://index.example/simple"))
    assert (mirror.key, mirror.sources.index_url) == (held.key, "https://index.example/simple")


def test_indexes_go_by_their_aliases_and_come_back() -> None:
    aliases = Aliases({"corp": "https://index.example/simple", "pages": "https://index.example/pages"})
    sources = PackageSources(None, ("https://user:word@index.example/simple/",), ("https://index.example/pages",))
    held = aliased(sources, aliases)
    assert held == LockedIndexes("pypi", ("corp",), ("pages",))
    again = PackageSources(None, ("https://index.example/simple",), ("https://index.example/pages",))
    assert sources_of(held, aliases) == again
    with pytest.raises(NoAlias):
        aliased(PackageSources("https://elsewhere.example/simple"), aliases)
    with pytest.raises(UnknownAlias):
        sources_of(LockedIndexes("other"), aliases)
    mirror = Aliases({}, default="https://index.example/simple")
    assert aliased(PackageSources(), mirror) == LockedIndexes("pypi")
