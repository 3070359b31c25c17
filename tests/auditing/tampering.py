"""How evidence is tampered with: files edited as somebody else would, and, by `anew`, all digests with them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tfinfra.evidence import names
from tfinfra.evidence.bill import model
from tfinfra.evidence.chain import chain_head
from tfinfra.evidence.sums import sha256, sums

Tamper = Callable[[Path], object]


def edit(name: str, old: bytes, new: bytes) -> Tamper:
    """Replaces bytes of a file, all of them."""

    def tamper(run: Path) -> None:
        data = (run / name).read_bytes()
        assert old in data, name
        (run / name).write_bytes(data.replace(old, new))

    return tamper


def edit_json(name: str, change: Callable[[Any], object]) -> Tamper:
    """Changes a document of audit/, which is written as tfinfra writes it."""

    def tamper(run: Path) -> None:
        path = run / names.FOLDER / name
        document = json.loads(path.read_bytes())
        change(document)
        path.write_bytes(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")

    return tamper


def add(name: str, data: bytes = b"x") -> Tamper:
    def tamper(run: Path) -> None:
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_bytes(data)

    return tamper


def remove(*patterns: str) -> Tamper:
    def tamper(run: Path) -> None:
        found = [path for pattern in patterns for path in run.glob(pattern)]
        assert found
        for path in found:
            path.unlink()

    return tamper


def all_of(*tampers: Tamper) -> Tamper:
    def tamper(run: Path) -> None:
        for each in tampers:
            each(run)

    return tamper


def events(change: Callable[[list[Any]], object], *, rechained: bool = False) -> Tamper:
    """Changes the lines of the event log, which are JSON here; `rechained`: numbers and chain are made anew."""

    def tamper(run: Path) -> None:
        path = run / names.FOLDER / names.EVENTS
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        change(lines)
        path.write_bytes(chained(lines) if rechained else b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    return tamper


def chained(lines: list[Any]) -> bytes:
    """The log of these lines, with numbers and chain made anew."""
    before, written = "0" * 64, list[bytes]()
    for seq, line in enumerate(lines):
        written.append(json.dumps({**line, "seq": seq, "prev": before}).encode())
        before = hashlib.sha256(written[-1]).hexdigest()
    return b"".join(line + b"\n" for line in written)


def anew(run: Path) -> None:
    """Writes all digests that can be: chain, statement, sums, and the copies beside the outputs. No key signs."""
    audit = run / names.FOLDER
    log = audit / names.EVENTS
    if log.exists():
        log.write_bytes(chained([json.loads(line) for line in log.read_bytes().splitlines()]))
        shutil.copyfile(log, run / names.EVENTS)
    _copy_run(audit / names.RUN, run / names.RUN)
    made, logs = _digests(run, *names.SUBJECTS), _digests(run, *names.LOGS)
    listed = _listed_logs(audit, logs)
    (audit / names.LOG_SUMS).write_bytes(sums({f"../{name}": digest for name, digest in listed.items()}))
    _bill_anew(audit / names.BILL, made)
    _restate(audit, made)
    files = {name: sha256((audit / name).read_bytes()) for name in _names(audit) if name != names.SUMS}
    outside = {f"../{name}": digest for name, digest in {**made, **listed}.items()}
    (audit / names.SUMS).write_bytes(sums({**files, **outside}))


def _listed_logs(audit: Path, logs: dict[str, str]) -> dict[str, str]:
    """The logs that lie there, and what the list has beyond all files that ever were."""
    listed = [line.split("  ../", 1) for line in (audit / names.LOG_SUMS).read_text().splitlines()]
    return {**{name: digest for digest, name in listed if digest == "00" * 32}, **logs}


def _copy_run(inner: Path, beside: Path) -> None:
    try:
        own = json.loads(inner.read_bytes())
    except ValueError:
        return
    document = json.loads(beside.read_bytes())
    beside.write_text(json.dumps({**document, **own}))


def _bill_anew(path: Path, made: dict[str, str]) -> None:
    """The digest over all outputs."""
    try:
        bill = json.loads(path.read_bytes())
        component = bill["metadata"]["component"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if component.get("hashes") != model("", made).get("hashes"):
        component["hashes"] = model("", made).get("hashes")
        path.write_bytes(json.dumps(bill, indent=2, ensure_ascii=False).encode() + b"\n")


def _restate(audit: Path, made: dict[str, str]) -> None:
    """The statement on what lies there now. Subjects that no file can have stay, and no subject stays none."""
    try:
        statement = json.loads((audit / names.STATEMENT).read_bytes())
    except ValueError:
        return
    odd = [each for each in statement["subject"] if each["name"].split("/")[0] not in names.SUBJECTS]
    if statement["subject"]:
        statement["subject"] = [*odd, *({"name": name, "digest": {"sha256": made[name]}} for name in sorted(made))]
    left_out = (names.STATEMENT, names.SUMS, *names.SIGNATURES)
    notes = {each["name"]: each.get("annotations") for each in statement["predicate"]["runDetails"]["byproducts"]}
    byproducts = []
    for name in sorted(set(_names(audit)) - set(left_out)):
        data = (audit / name).read_bytes()
        described: dict[str, Any] = {"name": name, "digest": {"sha256": sha256(data)}}
        if name == names.EVENTS:
            head, lines = chain_head(data)
            described["annotations"] = {"head": head, "lines": lines}
        elif name == names.RUN and notes.get(name) is not None:
            described["annotations"] = _ended(data, notes[name])
        byproducts.append(described)
    statement["predicate"]["runDetails"]["byproducts"] = byproducts
    text = json.dumps(statement, indent=2, ensure_ascii=False).encode() + b"\n"
    (audit / names.STATEMENT).write_bytes(text)


def _ended(data: bytes, noted: Any) -> Any:
    try:
        document = json.loads(data)
    except ValueError:
        return noted
    return {"result": document.get("result"), "exit_code": document.get("exit_code")}


def _names(audit: Path) -> list[str]:
    return [path.relative_to(audit).as_posix() for path in audit.rglob("*") if path.is_file()]


def _digests(run: Path, *folders: str) -> dict[str, str]:
    found = [path for folder in folders for path in (run / folder).rglob("*") if not path.is_symlink()]
    return {path.relative_to(run).as_posix(): sha256(path.read_bytes()) for path in found if path.is_file()}
