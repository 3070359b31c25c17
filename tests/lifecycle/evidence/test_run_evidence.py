"""Each run that ends leaves its evidence beside its outputs; what goes wrong with that keeps no machine alive."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.lifecycle.attach.test_resume import GROUPS, RUN, found
from tests.lifecycle.chained import first_broken_line
from tests.lifecycle.evidence.guarded import guarded, key_file
from tests.lifecycle.fakes import World, failing, succeeding, training
from tests.lifecycle.runs import KEEP, record_of
from tests.store.test_records import EVIDENCE
from tfinfra.azure.key_vault.key_vault_fake import FakeKeyVault
from tfinfra.cli.runs.status import status_lines
from tfinfra.errors import TeardownIncomplete
from tfinfra.evidence import names
from tfinfra.evidence.chain import chain_head
from tfinfra.evidence.dsse import read_bundle
from tfinfra.evidence.sums import sha256, sums
from tfinfra.guardrails.values import Audit
from tfinfra.lifecycle.attach import attached_run
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.attach.status import status_document
from tfinfra.lifecycle.evidence.gather import Digests
from tfinfra.lifecycle.evidence.late import sign_late
from tfinfra.lifecycle.evidence.run_evidence import own_audit
from tfinfra.lifecycle.record.evidence_state import EvidenceState
from tfinfra.lifecycle.record.run_record import run_folder
from tfinfra.model import Inventory, NodeRegistration, to_json
from tfinfra.store import MemoryStore, encode, keys

GPU = "machine.gpus[0].model is missing"
CONTAINER = "https://127.0.0.1:1/team/evidence"
OTHER = "https://127.0.0.1:1/machine/evidence"


def holds(audit: Path) -> bool:
    """Whether sha256sum finds all as its list has it."""
    line = ["sha256sum", "-c", "--strict", "--quiet", names.SUMS]
    return subprocess.run(line, cwd=audit, capture_output=True, check=False).returncode == 0


def statement(audit: Path) -> Any:
    return json.loads((audit / names.STATEMENT).read_text())


def failing_aloud(store: MemoryStore) -> None:
    """A rank that ends with 7, and says so."""
    store.put(keys.log_key("rank-1", 0), b"boom\n")
    failing(store)


def by_its_client(world: World) -> Path:
    world.new_run().go()
    return world.tmp / "runs" / "digits-abc123" / names.FOLDER


def by_fetch(world: World) -> Path:
    world.nodes(world.store)
    attached_run.fetch(found(world, phase="running", detached=True), world.tmp / "runs", lambda text: None)
    return world.tmp / "runs" / RUN / names.FOLDER


def by_down(world: World) -> Path:
    world.nodes(world.store)
    attached_run.end_run(
        found(world, phase="running", detached=True, plan_tasks=("rank-0", "rank-1")), lambda text: None
    )
    return world.tmp / "elsewhere" / names.FOLDER


ENDS = pytest.mark.parametrize("ends", [by_its_client, by_fetch, by_down])


@ENDS
@pytest.mark.parametrize(("nodes", "result"), [(succeeding, "succeeded"), (failing_aloud, "failed")])
def test_whoever_ends_a_run_leaves_its_evidence(
    ends: Callable[[World], Path], nodes: Callable[[MemoryStore], None], result: str, tmp_path: Path
) -> None:
    audit = ends(World(tmp_path, nodes))
    assert holds(audit)
    said = statement(audit)
    subjects = [subject["name"] for subject in said["subject"]]
    assert subjects == (["outputs/model/weights.h5"] if nodes is succeeding else ["audit/run.json"])
    details = {b["name"]: b for b in said["predicate"]["runDetails"]["byproducts"]}
    assert details["run.json"]["annotations"]["result"] == result
    assert json.loads((audit / "run.json").read_text())["phase"] == "deleted"
    assert "finishedOn" in said["predicate"]["runDetails"]["metadata"]


def test_the_client_s_evidence_has_what_the_run_was_made_from_and_the_whole_event_log(tmp_path: Path) -> None:
    world = World(tmp_path)
    audit = by_its_client(world)
    events = (audit / names.EVENTS).read_bytes()
    assert events == (world.tmp / "state/runs/digits-abc123/events.jsonl").read_bytes()
    assert first_broken_line(audit / names.EVENTS) is None
    noted = {b["name"]: b for b in statement(audit)["predicate"]["runDetails"]["byproducts"]}[names.EVENTS]
    assert (noted["annotations"]["head"], noted["annotations"]["lines"]) == chain_head(events)
    assert json.loads((audit / "deploy/plan.json").read_text())["name"] == "digits"
    assert {"keep", "compute"} == set(json.loads((audit / names.STACKS).read_text()))
    parts = [interval["part"] for interval in json.loads((audit / names.LEDGER).read_text())["intervals"]]
    assert parts == ["keep", "compute"]


def test_what_each_node_said_and_its_attested_document_are_kept(tmp_path: Path) -> None:
    node = NodeRegistration("n0", "node-0", "10.0.0.4", None, 2222, 8, 0, "age1x", 0, "MHA3")

    def registered(store: MemoryStore) -> None:
        store.put(keys.INVENTORY, json.dumps(to_json(Inventory((node,)))).encode())
        store.put("evidence/n0.json", encode(EVIDENCE))
        store.put("evidence/n0.after.p7", b"after")
        succeeding(store)

    audit = by_its_client(World(tmp_path, registered))
    said = json.loads((audit / "nodes/0.json").read_text())
    assert said["registration"]["node_id"] == "n0"
    assert [task["task"] for task in said["tasks"]] == ["rank-0"]
    assert said["evidence"] == to_json(EVIDENCE)
    assert (audit / "nodes/0.attested.p7").read_bytes() == b"0p7"
    assert (audit / "nodes/0.attested-after.p7").read_bytes() == b"after"
    assert holds(audit)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (b'{"machine": "x"}', "run is missing"),
        (encode({**to_json(EVIDENCE), "machine": "x"}), "machine is text, not an object"),
        (encode({**to_json(EVIDENCE), "machine": {**to_json(EVIDENCE.machine), "gpus": [{}]}}), GPU),
        (b"[" * 100_000, "it is nested too deeply"),
    ],
)
@ENDS
def test_what_a_node_wrote_that_is_no_evidence_is_kept_and_named_and_costs_nothing_else(
    ends: Callable[[World], Path], written: bytes, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded(tmp_path, monkeypatch, f"{{evidence: '{CONTAINER}'}}")
    node = NodeRegistration("n0", "node-0", "10.0.0.4", None, 2222, 8, 0, "age1x", 0)

    def registered(store: MemoryStore) -> None:
        store.put(keys.INVENTORY, encode(Inventory((node,))))
        store.put("evidence/n0.json", written)
        succeeding(store)

    world = World(tmp_path, registered)
    copied(world, monkeypatch, MemoryStore())
    audit = ends(world)
    assert world.groups == {} and holds(audit)
    assert (audit / "nodes/0.unfit").read_bytes() == written
    assert json.loads((audit / "nodes/0.json").read_text())["evidence"] is None
    parameters = statement(audit)["predicate"]["buildDefinition"]["internalParameters"]
    assert f"the evidence of node 0: {told}" in parameters["missing"]


def test_a_fetch_in_mid_run_writes_what_there_is_and_the_next_one_writes_it_anew(tmp_path: Path) -> None:
    world = World(tmp_path)
    training(world.store)
    run = found(world, phase="running", detached=True)
    attached_run.fetch(run, tmp_path / "runs", lambda text: None)
    audit = tmp_path / "runs" / RUN / names.FOLDER
    assert "finishedOn" not in statement(audit)["predicate"]["runDetails"]["metadata"]
    assert holds(audit)
    (audit / "of-others").write_text("stays")
    succeeding(world.store)
    assert by_fetch(world) == audit
    assert holds(audit)
    assert "finishedOn" in statement(audit)["predicate"]["runDetails"]["metadata"]
    assert (audit / "of-others").exists()


def test_a_run_without_a_key_is_unsigned_and_says_what_that_is_worth(tmp_path: Path) -> None:
    world = World(tmp_path)
    audit = by_its_client(world)
    assert not (audit / names.SIGNED_STATEMENT).exists() and not (audit / names.MODEL_SIGNATURE).exists()
    assert str(record_of(world).evidence) == "unsigned: integrity against itself only"


@ENDS
def test_the_key_that_guardrails_name_signs(
    ends: Callable[[World], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_file(guarded(tmp_path, monkeypatch, "{sign: key.pem}"))
    audit = ends(World(tmp_path))
    signed = read_bundle((audit / names.SIGNED_STATEMENT).read_bytes())
    assert signed.payload == (audit / names.STATEMENT).read_bytes()
    assert signed.fingerprint == key.signer.fingerprint
    assert (audit / names.MODEL_SIGNATURE).exists()
    assert holds(audit)
    assert "signed" not in (audit / "run.json").read_text()
    told = json.loads((audit.parent / "run.json").read_text())["evidence"]
    assert (told["signature"], told["key"], told["folder"]) == ("made", key.signer.fingerprint, str(audit))


def test_a_vault_signs_by_its_caller_s_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded(tmp_path, monkeypatch, "{sign: 'azurekms://team/evidence'}")
    vault = FakeKeyVault()
    monkeypatch.setattr("tfinfra.azure.key_vault.client.http_ask", lambda key, credential: vault.ask)
    audit = by_its_client(World(tmp_path))
    assert [method for method, _ in vault.asked] == ["GET", "POST", "POST"]
    assert (audit / names.SIGNED_STATEMENT).exists() and (audit / names.MODEL_SIGNATURE).exists() and holds(audit)


def test_a_vault_that_refuses_costs_nothing_but_the_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded(tmp_path, monkeypatch, "{sign: 'azurekms://team/evidence'}")
    vault = FakeKeyVault()
    vault.refuse = "403 Forbidden"
    monkeypatch.setattr("tfinfra.azure.key_vault.client.http_ask", lambda key, credential: vault.ask)
    world = World(tmp_path)
    audit = by_its_client(world)
    assert world.groups == {} and holds(audit)
    assert str(record_of(world).evidence) == (
        "not yet signed: azurekms://team/evidence: the vault answered 403 Forbidden"
    )


def deleted(world: World) -> FoundRun:
    """The run as it is found once it is gone from its cloud."""
    folder = run_folder(world.tmp / "state", RUN)
    return FoundRun(RUN, folder, folder.read(), world.ports, (), None, None)


def test_a_key_that_cannot_sign_costs_nothing_but_the_signature_and_a_later_fetch_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = guarded(tmp_path, monkeypatch, "{sign: key.pem}")
    key = key_file(config, mode=0o644)
    world = World(tmp_path)
    audit = by_fetch(world)
    assert world.groups == {} and holds(audit) and not (audit / names.SIGNED_STATEMENT).exists()
    told = "\n".join(status_lines(status_document(deleted(world)), 2000.0))
    assert "evidence not yet signed: the signing key" in told and "its mode is 644" in told
    (config / "key.pem").chmod(0o600)
    document = attached_run.fetch(deleted(world), tmp_path / "runs", lambda text: None)
    assert document["evidence"]["key"] == key.signer.fingerprint
    assert holds(audit)
    signed = read_bundle((audit / names.SIGNED_STATEMENT).read_bytes())
    assert signed.payload == (audit / names.STATEMENT).read_bytes()


def test_nothing_is_signed_late_that_is_not_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = guarded(tmp_path, monkeypatch, "{sign: key.pem}")
    key_file(config, mode=0o644)
    world, said = World(tmp_path), list[str]()
    audit = by_fetch(world)
    (config / "key.pem").chmod(0o600)
    (audit.parent / "outputs/model/weights.h5").write_bytes(b"others")
    attached_run.fetch(deleted(world), tmp_path / "runs", said.append)
    assert "warning: the evidence is not yet signed: outputs/model/weights.h5 is not what it was" in "\n".join(said)
    assert not (audit / names.SIGNED_STATEMENT).exists()


def resummed(audit: Path) -> None:
    """The sums of what lies there now, as anybody can write them."""
    found = {}
    for path in sorted(path for path in audit.parent.rglob("*") if path.is_file() and path.parent != audit.parent):
        name = path.relative_to(audit.parent).as_posix()
        found[name.removeprefix("audit/") if name.startswith("audit/") else f"../{name}"] = sha256(path.read_bytes())
    found.pop(names.SUMS)
    (audit / names.SUMS).write_bytes(sums(found))


def file_added(audit: Path) -> None:
    (audit.parent / "outputs/model/more.h5").write_bytes(b"others")


def outputs_replaced(audit: Path) -> None:
    (audit.parent / "outputs/model/weights.h5").write_bytes(b"others")
    resummed(audit)


def statement_gone(audit: Path) -> None:
    (audit / names.STATEMENT).unlink()


def outputs_a_link(audit: Path) -> None:
    outputs = audit.parent / "outputs"
    outputs.rename(audit.parent / "elsewhere")
    outputs.symlink_to("elsewhere")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (file_added, "outputs/model/more.h5 was not there when the evidence was written"),
        (outputs_replaced, "SHA256SUMS is not what it was when the evidence was written"),
        (statement_gone, "audit/statement.json cannot be read: No such file or directory"),
        (outputs_a_link, "outputs/model/weights.h5 is not what it was when the evidence was written"),
    ],
)
def test_no_late_signature_stands_on_sums_that_anybody_can_write(
    change: Callable[[Path], None], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = guarded(tmp_path, monkeypatch, "{sign: key.pem}")
    key_file(config, mode=0o644)
    world, said = World(tmp_path), list[str]()
    audit = by_fetch(world)
    (config / "key.pem").chmod(0o600)
    change(audit)
    document = attached_run.fetch(deleted(world), tmp_path / "runs", said.append)
    assert f"warning: the evidence is not yet signed: {told}" in said
    assert not (audit / names.SIGNED_STATEMENT).exists()
    assert "sums" not in document["evidence"]


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        ({}, "SHA256SUMS names no statement.json"),
        ({"../secret": "00" * 32}, "SHA256SUMS names '../secret', which is no file of the evidence"),
        ({"../outputs/../../x": "00" * 32}, "SHA256SUMS names '../outputs/../../x', which is no file of the evidence"),
        ({"/etc/passwd": "00" * 32}, "SHA256SUMS names '/etc/passwd', which is no file of the evidence"),
        (None, "the run's record does not say which SHA256SUMS was written"),
    ],
)
def test_sums_that_are_of_no_evidence_are_refused_in_a_sentence(
    listed: dict[str, str] | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file(guarded(tmp_path, monkeypatch, "{sign: key.pem}"))
    world, said = World(tmp_path), list[str]()
    run = found(world, phase="running")
    data = sums(listed or {})
    results = tmp_path / "empty"
    (results / names.FOLDER).mkdir(parents=True)
    (results / names.FOLDER / names.SUMS).write_bytes(data)
    state = EvidenceState("not_yet", sums=sha256(data) if listed is not None else None)
    record = run.folder.update(results=str(results), evidence=state)
    late = sign_late(run.folder, record, own_audit(said.append), world.ports, said.append)
    assert said == [f"warning: the evidence is not yet signed: {told}"]
    assert late.evidence is not None and late.evidence.sums == state.sums


def test_of_a_run_that_nobody_has_fetched_status_says_that_it_is_not_yet_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file(guarded(tmp_path, monkeypatch, "{sign: key.pem}"))
    world = World(tmp_path)
    world.new_run(detach=True).go()
    assert str(record_of(world).evidence) == "not yet signed: whoever fetches it signs"


def test_an_earlier_signature_does_not_stay_beside_evidence_that_nobody_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = guarded(tmp_path, monkeypatch, "{sign: key.pem}")
    key_file(config)
    world = World(tmp_path)
    training(world.store)
    attached_run.fetch(found(world, phase="running", detached=True), tmp_path / "runs", lambda text: None)
    assert (tmp_path / "runs" / RUN / names.FOLDER / names.SIGNED_STATEMENT).exists()
    (config / "key.pem").unlink()
    succeeding(world.store)
    audit = by_fetch(world)
    assert not (audit / names.SIGNED_STATEMENT).exists() and holds(audit)


# Copies


def copied(world: World, monkeypatch: pytest.MonkeyPatch, container: MemoryStore) -> None:
    """A world in which the container of the guardrails is this store."""
    store_at = world.store_at
    monkeypatch.setattr(world, "store_at", lambda url: container if url == CONTAINER else store_at(url))


@ENDS
def test_a_copy_is_handed_in_before_the_outputs_group_goes_and_another_that_says_so(
    ends: Callable[[World], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded(tmp_path, monkeypatch, f"{{evidence: '{CONTAINER}'}}")
    world, container = World(tmp_path), MemoryStore()
    copied(world, monkeypatch, container)
    there: list[bool] = []
    delete = world.delete_group

    def note(group: str) -> None:
        if group == KEEP:
            there.append(any(key.endswith(names.SUMS) for key in container.objects))
        delete(group)

    monkeypatch.setattr(world, "delete_group", note)
    audit = ends(world)
    assert there == [True]
    evidence = record_of(world).evidence
    assert evidence is not None and len(evidence.copies) == 2
    last = evidence.copies[-1].removeprefix(f"{CONTAINER}/")
    assert container.objects[f"{last}/{names.SUMS}"] == (audit / names.SUMS).read_bytes()
    assert container.objects[f"{last}/{names.STATEMENT}"] == (audit / names.STATEMENT).read_bytes()


def refusing(verb: str, key: str) -> None:
    if verb == "put_if_absent":
        raise OSError("the container is closed")


@pytest.mark.parametrize("discard", [True, False])
@ENDS
def test_a_copy_that_is_not_taken_keeps_the_outputs_group_until_it_is_or_is_given_up(
    ends: Callable[[World], Path], discard: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded(tmp_path, monkeypatch, f"{{evidence: '{CONTAINER}'}}")
    world, container = World(tmp_path), MemoryStore(refusing)
    copied(world, monkeypatch, container)
    if ends is by_its_client:
        error: Any = world.new_run().go().error
    else:
        with pytest.raises(TeardownIncomplete) as raised:
            ends(world)
        error = raised.value
    assert isinstance(error, TeardownIncomplete) and error.exit_code == 10
    assert "the evidence of it could not be handed in" in str(error) and "the container is closed" in str(error)
    assert f"`tfinfra down --discard {RUN}`" in str(error.hint)
    assert [*world.groups] == [KEEP]
    again = run_folder(tmp_path / "state", RUN)
    run = FoundRun(RUN, again, again.read(), world.ports, GROUPS[1:], world.store, None)
    with pytest.raises(TeardownIncomplete, match="the container is closed"):
        attached_run.end_run(run, lambda text: None)
    if discard:
        attached_run.end_run(run, lambda text: None, discard=True)
    else:
        copied(world, monkeypatch, opened := MemoryStore())
        attached_run.end_run(run, lambda text: None)
        assert any(key.endswith(names.SUMS) for key in opened.objects)
    assert world.groups == {}


@pytest.mark.parametrize("later", [(CONTAINER, OTHER), ()])
def test_the_outputs_group_stays_until_each_container_has_its_copy(
    later: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, taking, closed = World(tmp_path), MemoryStore(), MemoryStore(refusing)
    containers = {CONTAINER: taking, OTHER: closed}
    store_at = world.store_at
    monkeypatch.setattr(world, "store_at", lambda url: containers.get(url) or store_at(url))
    wants = Audit(containers=(CONTAINER, OTHER))
    monkeypatch.setattr("tfinfra.lifecycle.attach.fetch.fetching.own_audit", lambda say: wants)
    with pytest.raises(TeardownIncomplete, match="the container is closed"):
        by_down(world)
    wants = Audit(containers=later)
    folder = run_folder(tmp_path / "state", RUN)
    run = FoundRun(RUN, folder, folder.read(), world.ports, GROUPS[1:], world.store, None)
    with pytest.raises(TeardownIncomplete, match="the container is closed"):
        attached_run.end_run(run, lambda text: None)
    assert [*world.groups] == [KEEP]
    containers[OTHER] = opened = MemoryStore()
    attached_run.end_run(run, lambda text: None)
    assert world.groups == {} and any(key.endswith(names.SUMS) for key in opened.objects)
    evidence = record_of(world).evidence
    assert evidence is not None and {copy.rsplit("/", 2)[0] for copy in evidence.copies} == {CONTAINER, OTHER}


def test_a_folder_that_cannot_be_written_is_said_and_keeps_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "runs" / RUN).mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "runs" / RUN / names.FOLDER).symlink_to(tmp_path / "elsewhere")
    result = world.new_run().go()
    assert result.error is None and world.groups == {}
    assert any("the evidence of the run cannot be written" in line for line in world.observer.lines)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_no_link_is_followed_out_of_the_outputs(tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "secret").write_text("x")
    (tmp_path / "outputs/link").symlink_to(tmp_path / "secret")
    (tmp_path / "logs").symlink_to(tmp_path)
    (tmp_path / "outputs/plain").write_text("y")
    told: list[str] = []
    assert list(Digests().below(tmp_path, names.SUBJECTS, told.append)) == ["outputs/plain"]
    assert told == ["logs: it is a link"]
