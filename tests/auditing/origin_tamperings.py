"""Tamperings with what a locked run was made from, and with what its nodes saw: by the sentence that rules/ and
docs/audit.md have."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.auditing.tampering import Tamper, add, all_of, edit, edit_json, events, remove
from tests.locking import locks
from tests.locking.test_differences import SIX, TENSORFLOW
from tfinfra.evidence import names
from tfinfra.evidence.sums import read_sums, sha256, sums
from tfinfra.locking.canonical import document_digest
from tfinfra.locking.environment import environment_lock
from tfinfra.locking.read import ReadLock, read_lock

LOCK = f"{names.FOLDER}/{names.LOCK}"
_NUMPY = "pkg:pypi/numpy@1.26.4"


def in_lock(before: str, after: str) -> Tamper:
    """The first `before` of the lock is `after`."""

    def tamper(run: Path) -> None:
        text = (run / LOCK).read_text()
        assert before in text, before
        (run / LOCK).write_text(text.replace(before, after, 1))

    return tamper


def redigested(*tampers: Tamper, key: bool = False) -> Tamper:
    """The same with the lock's own digest written anew; `key`: also what follows from the packages."""

    def tamper(run: Path) -> None:
        all_of(*tampers)(run)
        lock = _read(run)
        if key:
            assert lock.lock is not None, lock.found
            in_lock(lock.lock.environment.key, environment_lock(lock.lock.environment).key)(run)
        data = _read(run).document.data
        in_lock(data["lock"]["digest"], document_digest(data))(run)

    return tamper


def _read(run: Path) -> ReadLock:
    return read_lock((run / LOCK).read_bytes(), names.LOCK)


def described(name: str, change: Callable[[Any], object]) -> Tamper:
    """Changes what the statement says of one dependency."""

    def of(statement: Any) -> None:
        dependencies = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        (found,) = (one for one in dependencies if name in (one.get("name"), one.get("uri")))
        change(found)

    return edit_json(names.STATEMENT, of)


def put(*place: Any, value: Any) -> Callable[[Any], None]:
    """A change of a document that puts a value at a place."""

    def change(document: Any) -> None:
        for part in place[:-1]:
            document = document[part]
        document[place[-1]] = value

    return change


def source(change: Callable[[dict[str, str]], object]) -> Tamper:
    """Changes the list of what travelled, and the statement's digest of it."""

    def tamper(run: Path) -> None:
        path = run / names.FOLDER / names.SOURCE_SUMS
        listed = read_sums(path.read_bytes())
        change(listed)
        path.write_bytes(sums(listed))
        described("source", put("digest", "sha256", value=sha256(path.read_bytes())))(run)

    return tamper


def renamed(before: str, after: str) -> Tamper:
    return source(lambda listed: listed.update({after: listed.pop(before)}))


def annotated(name: str, value: Any) -> Tamper:
    return described("source", put("annotations", name, value=value))


def node(number: int, *place: Any, value: Any) -> Tamper:
    """Another value in what a node recorded of itself."""
    return edit_json(names.node_file(number), put("evidence", *place, value=value))


def both(*place: Any, value: Any) -> Tamper:
    return all_of(*(node(number, *place, value=value) for number in range(2)))


def component(reference: str, change: Callable[[Any], object]) -> Tamper:
    """Changes a component of the bill of materials."""

    def of(bill: Any) -> None:
        change(next(one for one in bill["components"] if one["bom-ref"].startswith(reference)))

    return edit_json(names.BILL, of)


def without_component(bill: Any) -> None:
    bill["components"] = [one for one in bill["components"] if one["bom-ref"] != _NUMPY]


def a_check(check: str, proof: str, why: str = "") -> Tamper:
    def of(document: Any) -> None:
        next(each for each in document["evidence"]["checks"] if each["name"] == check).update(proof=proof, why=why)

    return edit_json(names.node_file(1), of)


def differs(lines: list[Any]) -> None:
    next(line for line in lines if line["event"] == "outcome").update(differs=True)


def an_input_of_the_log(lines: list[Any]) -> None:
    next(line for line in lines if line["event"] == "input").update(sha256="0c" * 32)


def swapped_inputs(run: Path) -> None:
    statement = json.loads((run / names.FOLDER / names.STATEMENT).read_bytes())
    dependencies = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
    one, other = (each["digest"]["sha256"] for each in dependencies if str(each.get("name")).startswith("input:"))
    described("input:digits", put("digest", "sha256", value=other))(run)
    described("input:labels", put("digest", "sha256", value=one))(run)


def a_task_beside(document: Any) -> None:
    document["tasks"].append({**document["tasks"][0], "task": "miner-0"})
    document["evidence"]["tasks"].append({**document["evidence"]["tasks"][0], "task": "miner-0"})


def no_deploy_file(run: Path) -> None:
    remove("audit/deploy/README.md")(run)


HASH = "cd" * 32
digest = locks.digest
LOCKS: dict[str, Tamper] = {
    "the lock of a locked run is removed": remove(LOCK),
    "a hash is dropped from the lock": in_lock(f"      sha256: {digest('1')}\n", ""),
    "a key stands twice in the lock": in_lock("  version: 1\n", "  version: 1\n  version: 1\n"),
    "the lock has an unknown key": in_lock("  environment:\n", "  environment:\n    script: evil.sh\n"),
    "a value of the lock is edited": in_lock("keep_outputs: 604800", "keep_outputs: 1"),
    "a package's version is edited in the lock, and its digest recomputed": redigested(
        in_lock("version: 1.26.4", "version: 1.26.3")
    ),
    "a package's hash is replaced in the lock, and its digest recomputed": redigested(
        in_lock(digest("1"), digest("9"))
    ),
    "a package is added to the lock, and its digest recomputed": redigested(in_lock(TENSORFLOW, TENSORFLOW + SIX)),
    "a package is dropped from the lock, and its digest recomputed": redigested(in_lock(TENSORFLOW, "")),
    "a hash is replaced in the lock, with all its digests recomputed": redigested(
        in_lock(digest("1"), digest("9")), key=True
    ),
    "the target is edited in the lock, and its digest recomputed": redigested(
        in_lock("    name: gpus\n    sha256: sha256:", "    name: gpus\n    sha256: sha256:" + "0" * 64 + " #")
    ),
    "a key of the manifest is edited in the lock, and its digest recomputed": redigested(
        in_lock("keep_outputs: 604800", "keep_outputs: 1")
    ),
    "the order of the command line is changed in the lock, whose digest does not see it": in_lock(
        '  --epochs: "3"\n  --rate: "1e-3"\n', '  --rate: "1e-3"\n  --epochs: "3"\n'
    ),
    "the deploy folder is changed between compile and up": edit(
        "audit/deploy/__main__.py", b"import pulumi", b"import evil\nimport pulumi"
    ),
    "a file is added to the deploy folder": add("audit/deploy/stacks/evil.py"),
    "a file is removed from the deploy folder": no_deploy_file,
    "the lock's image is latest, and its digest recomputed": redigested(in_lock(":24.04.2026052601", ":latest")),
}
MADE_FROM: dict[str, Tamper] = {
    "a file's digest is edited in the list of the source": edit(
        "audit/source.sha256", sha256(locks.SOURCE["helper.py"].encode()).encode(), HASH.encode()
    ),
    "a byte of a script is changed": source(put("helper.py", value=HASH)),
    "the setup script is another one": source(put("tools/prepare.sh", value=HASH)),
    "a file is added to the source": source(put("more.py", value=HASH)),
    "a file drops out of the source, by an ignore file": source(lambda listed: listed.pop("tools/prepare.sh")),
    "a file of the source becomes executable": annotated("executable", ["tools/prepare.sh", "helper.py"]),
    "a file of the source becomes a link": all_of(
        source(lambda listed: listed.pop("helper.py")), annotated("links", {"helper.py": "train.py"})
    ),
    "a name in the source changes its case": renamed("helper.py", "Helper.py"),
    "a name in the source changes its Unicode form": renamed("mod\u00e8le.py", "mode\u0300le.py"),
    "a name in the source differs from another's in case alone": source(put("Helper.py", value=HASH)),
    "a link of the source leads outside": annotated("links", {"data": "../../home"}),
    "a dirty source is called clean in the lock, and its digest recomputed": redigested(
        in_lock("dirty: true", "dirty: false")
    ),
    "an input is another one": described("input:digits", put("digest", "sha256", value=HASH)),
    "two inputs are swapped": swapped_inputs,
    "a run went on from another checkpoint": described("checkpoints", put("digest", "sha256", value=HASH)),
    "an input's digest is edited in the event log, and the chain recomputed": events(
        an_input_of_the_log, rechained=True
    ),
    "a node was sent another bundle": node(1, "bundle", value=HASH),
    "a package's digest is edited in the bill of materials": component(_NUMPY, put("hashes", 0, "content", value=HASH)),
    "a package is dropped from the bill of materials": edit_json(names.BILL, without_component),
    "a package is edited in bill and statement": all_of(
        component(_NUMPY, put("hashes", 0, "content", value=HASH)),
        described(_NUMPY, put("digest", "sha256", value=HASH)),
    ),
    "the image is edited in the bill of materials": component("image:", put("version", value="1.0")),
    "an input's digest is edited in the bill of materials": component(
        "data:digits", put("hashes", 0, "content", value=HASH)
    ),
    "a package's version is edited in the bill of materials, beside its URL": component(
        _NUMPY, put("version", value="2.0")
    ),
    "a key is added to the bill of materials": component(_NUMPY, put("licenses", value=[])),
    "a component stands twice in the bill of materials": edit_json(
        names.BILL, lambda bill: bill["components"].append(bill["components"][0])
    ),
    "the time of the bill of materials is edited": edit_json(
        names.BILL, put("metadata", "timestamp", value="2026-11-30T10:00:00Z")
    ),
    "the model's digest is edited in the bill of materials": edit_json(
        names.BILL, put("metadata", "component", "hashes", 0, "content", value=HASH)
    ),
}
SEEN: dict[str, Tamper] = {
    "a node's record of itself is removed": edit_json(names.node_file(1), put("evidence", value=None)),
    "a check is taken out of a node's record": edit_json(
        names.node_file(1), lambda document: document["evidence"]["checks"].pop()
    ),
    "a failed check is turned to verified in all records of nodes": events(differs, rechained=True),
    "a node ran another environment": node(1, "environment", "key", value="0" * 20),
    "a node ran another interpreter": node(1, "environment", "python", value="3.11.8"),
    "Horovod's wheel is swapped on one node": node(1, "environment", "wheels", value={"horovod.whl": HASH}),
    "the agent's code is changed on one node": node(1, "agent", value=HASH),
    "the agent's code is changed on all nodes": both("agent", value=HASH),
    "customData is changed": both("settings", value=HASH),
    "the image is another one on all nodes": both("machine", "image", "version", value="24.04.1"),
    "a GPU is another one on one node": node(1, "machine", "gpus", 0, "model", value="Tesla V100"),
    "the driver is another one on one node": node(1, "machine", "driver", value="470.1"),
    "a variable is another one on one rank": node(1, "variables", "MODE", value=HASH),
    "LD_PRELOAD is set for the tasks": both("variables", "LD_PRELOAD", value=HASH),
    "PYTHONPATH is set for the tasks": both("variables", "PYTHONPATH", value=HASH),
    "a task is started beside the agent": edit_json(names.node_file(1), a_task_beside),
    "a task is taken out of a node's record": edit_json(
        names.node_file(1), lambda document: document["evidence"]["tasks"].clear()
    ),
    "a task's arguments are edited in a node's record": node(1, "tasks", 0, "argv", value=["python", "evil.py"]),
}
NEVER = "a Blob is overwritten after the run"
FULL = "an input is changed after the run, at equal size and time (--full tells)"
UNLOCKED = "the plan is edited in the deploy folder of a run without a lock"


def other_plan(run: Path) -> None:
    path = run / "audit/deploy/plan.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "entry_script": "evil.py"}))


CHECKED: dict[str, str] = {
    "the agent's code is changed before the first task": "bundle",
    "a package is installed in another version": "wheels",
    "the Horovod wheel that nodes share is swapped": "wheels",
    "a file is changed in site-packages": "records",
    "a wheel is changed in a node's cache": "records",
    "a .pth file is added to an environment": "owners",
    "a sitecustomize.py is added to an environment": "owners",
    "a .pyc alone is changed in an environment": "environment",
    "an environment has another interpreter": "interpreter",
    "a node boots another image": "image",
    "/etc/ld.so.preload names a library on a node": "preload",
    "a node has another GPU, and the nodes saw it": "gpus",
    "a variable is set on one rank, and the nodes saw it": "variables",
}
"""{what somebody did on a node: the check by which the node itself finds it, as tests/agent/evidence has it}."""
TAMPERINGS = {
    **LOCKS,
    **MADE_FROM,
    **SEEN,
    **{what: a_check(check, "failed", "it differs") for what, check in CHECKED.items()},
}
