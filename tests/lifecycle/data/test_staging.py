"""Local inputs on their way to the nodes: linked where the store is a folder, else uploaded once by their hash."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from tests.lifecycle.data.test_trees import a_tree
from tests.lifecycle.fakes import a_plan
from tfinfra.azure.prerequisites.find import Prerequisites
from tfinfra.compiler.load import project_from_arguments
from tfinfra.compiler.pipeline import Compiled, read
from tfinfra.errors import Cancelled, ManifestError
from tfinfra.lifecycle.data.blobfuse import configuration
from tfinfra.lifecycle.data.staging import CHECKPOINTS, Stage, refuse_unmountable, split_url, stage
from tfinfra.lifecycle.record.names import inputs_url
from tfinfra.model import DataSource, DataSources, Input, from_json, to_json
from tfinfra.store import MemoryStore, keys
from tfinfra.system.local_tree import LocalTree, read_tree

CONTAINER = "https://abc123.blob.core.windows.net/run"


def tree_of(path: Path, tmp_path: Path) -> LocalTree:
    return read_tree(path, tmp_path / "hashes", lambda _: None)


def staged(given: Input, tree: LocalTree, url: str, store: MemoryStore) -> DataSource:
    where, told = Stage(store, url, "client-1"), list[str]()
    return stage(a_plan(inputs=(given,)), {given.name: tree}, where, told.append).inputs[given.name]


def test_a_store_that_is_a_folder_gets_links_and_no_copies(tmp_path: Path) -> None:
    root = a_tree(tmp_path)
    tree, url = tree_of(root, tmp_path), (tmp_path / "store").as_uri()
    source = staged(Input("a", "download", path="a"), tree, url, MemoryStore())
    folder = tmp_path / "store" / keys.input_folder(tree.sha256)
    assert source == DataSource("download", folder=folder.as_uri())
    assert (folder / "b/two.csv").samefile(root / "b/two.csv")
    assert staged(Input("again", "mount", path="a"), tree, url, MemoryStore()).folder == source.folder


def test_any_other_store_gets_each_file_once(tmp_path: Path) -> None:
    puts: list[str] = []
    store = MemoryStore(lambda verb, key: puts.append(key) if verb == "put" else None)
    tree = tree_of(a_tree(tmp_path), tmp_path)
    source = staged(Input("a", "download", path="a"), tree, CONTAINER, store)
    below = keys.input_folder(tree.sha256)
    assert source == DataSource("download", store=CONTAINER, prefix=below, quoted=True)
    assert sorted(puts) == sorted([f"{below}/b/two.csv", f"{below}/one.csv", keys.input_mark(tree.sha256)])
    assert puts[-1] == keys.input_mark(tree.sha256), "the mark is written when all is there"
    assert staged(Input("b", "download", path="a"), tree, CONTAINER, store) == source
    assert len(puts) == 3, "the same content is not uploaded again"


def test_an_upload_that_broke_off_is_taken_up_again(tmp_path: Path) -> None:
    failing = True

    def before(verb: str, key: str) -> None:
        if failing and key.endswith("one.csv"):
            raise OSError("the network is gone")

    store, tree = MemoryStore(before), tree_of(a_tree(tmp_path), tmp_path)
    with pytest.raises(OSError, match="network"):
        staged(Input("a", "download", path="a"), tree, CONTAINER, store)
    assert keys.input_mark(tree.sha256) not in store.objects
    failing = False
    staged(Input("a", "download", path="a"), tree, CONTAINER, store)
    assert keys.input_mark(tree.sha256) in store.objects


def test_a_run_that_is_cancelled_uploads_no_further(tmp_path: Path) -> None:
    def cancelled() -> None:
        raise Cancelled("Ctrl-C")

    store, tree = MemoryStore(), tree_of(a_tree(tmp_path), tmp_path)
    given = Input("a", "download", path="a")
    with pytest.raises(Cancelled):
        stage(a_plan(inputs=(given,)), {"a": tree}, Stage(store, CONTAINER, "client-1", cancelled), lambda _: None)
    assert store.objects == {}


def test_a_file_that_changes_while_it_is_uploaded_is_named(tmp_path: Path) -> None:
    root = a_tree(tmp_path)
    tree = tree_of(root, tmp_path)
    (root / "one.csv").write_text("longer than before")
    with pytest.raises(ManifestError, match="changed while"):
        staged(Input("a", "download", path="a"), tree, CONTAINER, MemoryStore())


def test_one_file_keeps_its_name_whatever_it_holds(tmp_path: Path) -> None:
    (tmp_path / "50% é#1.csv").write_text("x")
    tree, store = tree_of(tmp_path / "50% é#1.csv", tmp_path), MemoryStore()
    source = staged(Input("a", "download", path="a"), tree, CONTAINER, store)
    assert source.file == "50%25 é%231.csv" and f"{source.prefix}/{source.file}" in store.objects


def test_a_blob_url_is_the_nodes_own_to_read() -> None:
    plan = a_plan(
        inputs=(Input("en", "mount", url=f"{CONTAINER}/text/en%20us/"),), resume_from=f"{CONTAINER}/checkpoints"
    )
    sources = stage(plan, {}, Stage(MemoryStore(), "file:///x", "client-1"), lambda _: None)
    mount = sources.inputs["en"]
    assert (mount.store, mount.prefix) == (CONTAINER, "text/en us")
    assert yaml.safe_load(mount.blobfuse or "")["azstorage"]["subdirectory"] == "text/en us"
    assert sources.checkpoints == DataSource("download", store=CONTAINER, prefix="checkpoints")
    assert from_json(DataSources, to_json(sources)) == sources


def test_checkpoints_are_a_tree_like_any_other(tmp_path: Path) -> None:
    tree = tree_of(a_tree(tmp_path), tmp_path)
    where = Stage(MemoryStore(), CONTAINER, "client-1")
    sources = stage(a_plan(resume_from="digits-abc123"), {CHECKPOINTS: tree}, where, lambda _: None)
    assert sources.checkpoints is not None and sources.checkpoints.prefix == keys.input_folder(tree.sha256)


URLS = {
    f"{CONTAINER}": (CONTAINER, ""),
    f"{CONTAINER}/": (CONTAINER, ""),
    f"{CONTAINER}/a/b.csv": (CONTAINER, "a/b.csv"),
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_a_container_and_a_path(url: str) -> None:
    assert split_url(url) == URLS[url]


def test_blobfuse_signs_in_as_the_nodes_identity_and_mounts_read_only() -> None:
    text = configuration(CONTAINER, "", "client-1")
    found = yaml.safe_load(text)
    assert found["read-only"] is True
    assert found["components"] == ["libfuse", "file_cache", "attr_cache", "azstorage"]
    assert found["azstorage"] == {
        "type": "block",
        "account-name": "abc123",
        "endpoint": "https://abc123.blob.core.windows.net",
        "container": "run",
        "mode": "msi",
        "appid": "client-1",
    }
    assert found["file_cache"]["path"] == "/var/lib/tfinfra/blobfuse/abc123/run"


def test_a_name_that_a_mount_would_change_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    root = a_tree(tmp_path)
    (root / "50%.csv").touch()
    trees = {"a": tree_of(root, tmp_path)}
    facts = read(project_from_arguments({"entry_script": "t.py"}, name="x", folder=tmp_path))
    for mode, code in (("mount", "TFI729"), ("download", None)):
        values: dict[str, Any] = {"facts": facts, "plan": a_plan(inputs=(Input("a", mode, path="a"),))}
        compiled = cast(Compiled, type("Compiled", (), values))
        if code is None:
            refuse_unmountable(compiled, trees)
            continue
        with pytest.raises(ManifestError) as raised:
            refuse_unmountable(compiled, trees)
        assert [d.code for d in raised.value.diagnostics] == [code]


KEEP = {"store": {"endpoint": "https://abc123.blob.core.windows.net", "container": "run"}}


def test_inputs_go_to_the_targets_store_where_the_run_uses_it() -> None:
    own, theirs = Prerequisites(may_delete=True), "https://team.blob.core.windows.net/runs"
    assert inputs_url(KEEP, own, "digits-abc123") == CONTAINER
    assert inputs_url(KEEP, Prerequisites(may_delete=True, store_url=theirs), "digits-abc123") == theirs
