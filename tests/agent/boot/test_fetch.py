"""Data on its way to a node: whole files only, nothing outside of its folder, and an error that says whom to ask."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from tests.clocks import FakeClock
from tfinfra.agent.boot import bring_inputs as node_inputs
from tfinfra.agent.boot.bring_inputs import bring_inputs
from tfinfra.agent.boot.fetch_files import fetch, fetch_fault
from tfinfra.agent.node.node_paths import NodePaths
from tfinfra.agent.node_errors import NodeFault, RunEnded
from tfinfra.model import DataSource
from tfinfra.store import MemoryStore, PatientStore, keys

CONTAINER = "https://abc123.blob.core.windows.net/run"
ODD = "part=1/50% é#1.csv"


def nothing() -> None:
    """A run that goes on."""


def uploaded(*names: str) -> tuple[MemoryStore, DataSource]:
    """A store with an input as the client uploads it; each file holds its own name."""
    store = MemoryStore()
    for name in names:
        store.put(keys.input_key("abc", name), name.encode())
    return store, DataSource("download", store=CONTAINER, prefix=keys.input_folder("abc"), quoted=True)


def test_an_uploaded_tree_has_its_own_names_again(tmp_path: Path) -> None:
    store, source = uploaded("a.csv", ODD)
    assert fetch(source, tmp_path / "in", lambda url: store, nothing).files == 2
    assert (tmp_path / "in" / ODD).read_text() == ODD


def test_somebody_elses_blobs_keep_the_names_that_they_have(tmp_path: Path) -> None:
    store = MemoryStore()
    store.put("text/50%25.csv", b"x")
    fetch(DataSource("download", store=CONTAINER, prefix="text"), tmp_path / "in", lambda url: store, nothing)
    assert (tmp_path / "in/50%25.csv").read_bytes() == b"x"


def test_a_url_of_one_blob_is_that_file(tmp_path: Path) -> None:
    store = MemoryStore()
    store.put("text/one.csv", b"x")
    source = DataSource("download", store=CONTAINER, prefix="text/one.csv")
    brought = bring_inputs({"d": source}, NodePaths(tmp_path), lambda url: store, "client-1", nothing)
    assert brought["d"].read_bytes() == b"x" and brought["d"].name == "one.csv"


def test_what_is_there_already_is_not_fetched_again(tmp_path: Path) -> None:
    gets: list[str] = []
    store, source = uploaded("a.csv", "b.csv")
    counted = MemoryStore(lambda verb, key: gets.append(key) if verb == "get" else None)
    counted.objects = store.objects
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.csv").write_text("here already")
    fetch(source, tmp_path / "in", lambda url: counted, nothing)
    assert gets == [keys.input_key("abc", "b.csv")]
    assert sorted(p.name for p in (tmp_path / "in").iterdir()) == ["a.csv", "b.csv"]
    assert (tmp_path / "in/b.csv").read_text() == "b.csv"


def test_no_link_in_the_folder_leads_a_file_out_of_it(tmp_path: Path) -> None:
    store = MemoryStore()
    store.put("text/way/out.csv", b"x")
    (tmp_path / "in").mkdir()
    (tmp_path / "in/way").symlink_to(tmp_path)
    with pytest.raises(NodeFault, match="'way' is a link"):
        fetch(DataSource("download", store=CONTAINER, prefix="text"), tmp_path / "in", lambda url: store, nothing)
    assert not (tmp_path / "out.csv").exists()


def test_blobs_that_are_file_and_folder_are_named(tmp_path: Path) -> None:
    store = MemoryStore()
    store.put("text/a", b"x")
    store.put("text/a/b", b"x")
    with pytest.raises(NodeFault, match="'a' cannot be a file here: a folder has that name too"):
        fetch(DataSource("download", store=CONTAINER, prefix="text"), tmp_path / "in", lambda url: store, nothing)


@pytest.mark.parametrize("name", ["../out.csv", "/etc/passwd"])
def test_an_objects_name_never_leads_out_of_its_folder(name: str, tmp_path: Path) -> None:
    store = MemoryStore()
    store.put(f"text/{name}", b"x")
    with pytest.raises(NodeFault, match=r"leads out|at the root"):
        fetch(DataSource("download", store=CONTAINER, prefix="text"), tmp_path, lambda url: store, nothing)


def test_nothing_is_an_error_that_names_the_place(tmp_path: Path) -> None:
    source = DataSource("download", store=CONTAINER, prefix="text/en")
    with pytest.raises(NodeFault, match=f"input 'd'.* nothing at {CONTAINER}/text/en"):
        bring_inputs({"d": source}, NodePaths(tmp_path), lambda url: MemoryStore(), "client-1", nothing)


def test_a_run_that_ends_meanwhile_ends_the_download(tmp_path: Path) -> None:
    def ended() -> None:
        raise RunEnded("it is over")

    store, source = uploaded("a.csv")
    with pytest.raises(RunEnded):
        fetch(source, tmp_path / "in", lambda url: store, ended)


def test_a_download_that_hangs_does_not_hold_a_run_that_has_ended(tmp_path: Path) -> None:
    over = threading.Event()
    looks = iter(range(2))

    def ended() -> None:
        if next(looks):
            raise RunEnded("it is over")

    objects, source = uploaded("a.csv")

    def hang(verb: str, key: str) -> None:
        if verb == "get":
            over.wait(30)

    hanging = MemoryStore(hang)
    hanging.objects = objects.objects
    with pytest.raises(RunEnded):
        fetch(source, tmp_path / "in", lambda url: hanging, ended)
    over.set()


DENIED = {
    "obstore's own exception": PermissionDeniedError("no"),
    "a generic error with the status": GenericError("server returned 403 Forbidden: AuthorizationPermissionMismatch"),
}


@pytest.mark.parametrize("sentence", DENIED)
def test_an_account_that_refuses_is_named_with_the_role_that_is_missing(sentence: str, tmp_path: Path) -> None:
    def refuse(verb: str, key: str) -> None:
        raise DENIED[sentence]

    source = DataSource("download", store=CONTAINER, prefix="text")
    store = PatientStore(MemoryStore(refuse), FakeClock(), 1.0)
    with pytest.raises(NodeFault) as raised:
        bring_inputs({"d": source}, NodePaths(tmp_path), lambda url: store, "client-1", nothing)
    assert "'abc123'" in raised.value.message and "(403)" in raised.value.message
    assert "client-1" in raised.value.message and "'Storage Blob Data Reader'" in raised.value.message


def test_any_other_error_of_the_store_says_what_it_was() -> None:
    error = GenericError("no route\n\nDebug source:\nGeneric {\n    store: 1,\n}")
    fault = fetch_fault(error, DataSource("download", store=CONTAINER), "input 'd'", "client-1")
    assert fault.message == f"input 'd' cannot be fetched from {CONTAINER}: no route"


def test_a_machine_that_is_a_process_copies_what_is_downloaded_and_links_what_is_mounted(tmp_path: Path) -> None:
    folder = tmp_path / "store/inputs/abc"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("x")
    sources = {mode: DataSource(mode, folder=folder.as_uri()) for mode in ("download", "mount")}
    paths = NodePaths(tmp_path / "node")
    brought = bring_inputs(sources, paths, lambda url: MemoryStore(), "client-1", nothing)
    assert not (brought["download"] / "a.csv").samefile(folder / "a.csv")
    assert (brought["download"] / "a.csv").stat().st_mode & 0o222 == 0
    assert brought["mount"] == folder == (paths.inputs / "mount").resolve()


class Machine(NodePaths):
    """A folder that stands for a machine with a root of its own."""

    own_mounts = True


MOUNTED = DataSource("mount", store=CONTAINER, prefix="text", blobfuse="read-only: true\n")


def test_blobfuse_mounts_by_its_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, ...]] = []
    where = NodePaths(tmp_path).inputs / "d"

    def run(*line: str) -> None:
        lines.append(line)
        (where / "a.csv").touch()

    monkeypatch.setattr(node_inputs, "_run", run)
    monkeypatch.setattr("shutil.which", lambda name: None)
    brought = bring_inputs({"d": MOUNTED}, Machine(tmp_path), lambda url: MemoryStore(), "client-1", nothing)
    assert brought["d"] == where
    assert [line[0] for line in lines] == ["apt-get", "apt-get", "blobfuse2"]
    assert lines[-1] == ("blobfuse2", "mount", str(where), f"--config-file={where.parent}/.d.yaml", "--read-only")
    assert (where.parent / ".d.yaml").read_text() == "read-only: true\n"


@pytest.mark.parametrize(("said", "shown"), [("exit status 1: 403", "403"), (None, "nothing there")])
def test_a_mount_that_fails_or_shows_nothing_names_the_role(
    said: str | None, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_inputs, "_run", lambda *line: said)
    monkeypatch.setattr("shutil.which", lambda name: "/usr/bin/blobfuse2")
    with pytest.raises(NodeFault) as raised:
        bring_inputs({"d": MOUNTED}, Machine(tmp_path), lambda url: MemoryStore(), "client-1", nothing)
    assert shown in raised.value.message and CONTAINER in raised.value.message
    assert "client-1" in raised.value.message and "'Storage Blob Data Reader'" in raised.value.message


def test_a_machine_that_is_a_process_installs_and_mounts_nothing_on_its_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node_inputs, "_run", lambda *line: pytest.fail(f"ran {line}"))
    with pytest.raises(NodeFault, match="this machine is a process"):
        bring_inputs({"d": MOUNTED}, NodePaths(tmp_path), lambda url: MemoryStore(), "client-1", nothing)


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        ("update", r"`apt-get .* update` failed: exit status 100: no such package"),
        ("fuse3", r"\(exit status 100: no such package\).*mode: download"),
    ],
    ids=["without a network", "without the package's source"],
)
def test_an_image_without_blobfuse_that_cannot_install_it_is_told_with_the_way_out(
    fails: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        node_inputs, "_run", lambda *line: "exit status 100: no such package" if fails in line else None
    )
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(NodeFault, match=message):
        bring_inputs({"d": MOUNTED}, Machine(tmp_path), lambda url: MemoryStore(), "client-1", nothing)
