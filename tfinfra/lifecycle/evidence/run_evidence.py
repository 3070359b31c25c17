"""One run's evidence on its way: looked for while the store is there, handed in before that goes, written at last.
Nothing that goes wrong here may keep a deletion from happening, but for a copy that guardrails ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tfinfra.documents.moments import dated
from tfinfra.errors import ManifestError, first_line
from tfinfra.evidence import names
from tfinfra.evidence.build import all_sums, signatures, unsigned
from tfinfra.evidence.dsse import Signer
from tfinfra.evidence.material import NO_BASELINE, NO_EVENTS, NO_PLAN, Material
from tfinfra.evidence.sums import sha256
from tfinfra.guardrails.values import NO_AUDIT, Audit
from tfinfra.lifecycle.evidence import gather
from tfinfra.lifecycle.evidence.audit_folder import write_folder
from tfinfra.lifecycle.evidence.copies import NotKept, hand_in, takes_copies
from tfinfra.lifecycle.evidence.signing import signer_of
from tfinfra.lifecycle.record.evidence_state import EvidenceState
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.model import to_json
from tfinfra.store import ObjectStore
from tfinfra.system.progress import Progress
from tfinfra.version import __version__

UNKEPT = "the evidence of it"
"""How a reason begins that keeps a group because of evidence that was not handed in."""


def own_audit(say: Progress) -> Audit:
    """What the guardrails of this machine and its user want of evidence; they are not read for a deletion's sake, so
    what is wrong with them is only said."""
    from tfinfra.compiler.guardrail_files import load_guardrails

    try:
        return load_guardrails(None).audit
    except ManifestError as error:
        say(f"warning: the guardrails cannot be read, so that nobody signs the evidence: {error.message}")
        return NO_AUDIT


@dataclass
class RunEvidence:
    """`say` hears what goes wrong. `seen` is what the store told, None where it told nothing yet; `state` what has
    become of the evidence so far."""

    ports: Ports
    folder: RunFolder
    run: str
    audit: Audit
    say: Progress
    seen: gather.FromStore | None = None
    state: EvidenceState | None = None
    _digests: gather.Digests = field(default_factory=gather.Digests)
    _signer: Signer | None = None
    _copies: dict[str, None] = field(default_factory=dict)
    _said: set[str] = field(default_factory=set)

    def look(self, store: ObjectStore) -> None:
        """Remembers what only the store has. A later look counts more; one that fails costs nothing of an earlier."""
        try:
            self.seen = gather.from_store(store, self.folder, self.ports.cloud.attestation)
        except Exception as error:  # noqa: BLE001 - whatever a store holds or says: outputs and deletion come first
            self._tell(f"what the nodes left as evidence cannot be read: {first_line(error)}")

    def before_store_goes(self, document: Mapping[str, Any]) -> str | None:
        """Hands the evidence in where guardrails ask for that. The reason why what it is about has to stay, None where
        it may go."""
        record = self.folder.read()
        if record is None or not self._containers():
            return None
        try:
            files = self._files(record, document)
            write_folder(Path(record.results), files)
            self._note()  # of what lies there now, whether or not a copy of it is taken
            self._copy(files)
            self._note()
        except Exception as error:  # noqa: BLE001 - whatever it was: what is not handed in keeps its group
            return f"{UNKEPT} could not be handed in: {first_line(error)}"
        return None

    def write(self, document: Mapping[str, Any]) -> None:
        """Writes the evidence beside the outputs and signs it; of a run that has ended a copy is handed in. What fails
        is said."""
        record = self.folder.read()
        if record is None:
            return
        try:
            files = self._files(record, document)
            write_folder(Path(record.results), files)
        except Exception as error:  # noqa: BLE001 - the run has ended, and what can be deleted is: it is said
            self._tell(f"the evidence of the run cannot be written: {first_line(error)}")
            return
        try:
            if record.result is not None:
                self._copy(files)
        except NotKept as error:
            self._tell(f"the evidence of the run could not be handed in: {error}")
        self._note()

    def _note(self) -> None:
        """What became of it, with the copies that an earlier process has handed in."""
        if self.state is not None:
            copies = tuple(dict.fromkeys((*self._noted().copies, *self._copies)))
            self.folder.update(evidence=replace(self.state, copies=copies, wanted=self._containers()))

    def _noted(self) -> EvidenceState:
        record = self.folder.read()
        return record.evidence if record is not None and record.evidence is not None else EvidenceState("none")

    def handed_in(self) -> bool:
        """Whether each container that is to have a copy has one."""
        there = {copy.rsplit("/", 2)[0] for copy in self._noted().copies}  # <container>/<run>/<digest>
        return there.issuperset(self._containers())

    def _files(self, record: RunRecord, document: Mapping[str, Any]) -> dict[str, bytes]:
        """All files of audit/, by their names in it; `state` is what became of the signature."""
        material = self._material(record, document)
        files = unsigned(material)
        self.state = EvidenceState("none")
        if self.audit.signs:
            files |= self._signed(files[names.STATEMENT], material)
        sums = all_sums(files, material.made, material.logs)
        self.state = replace(self.state, sums=sha256(sums))
        return {**files, names.SUMS: sums}

    def _signed(self, statement: bytes, material: Material) -> Mapping[str, bytes]:
        try:
            signer = self._signer = self._signer or signer_of(self.audit, lambda: self.ports.cloud)
            assert signer is not None  # noqa: S101 - who calls this has looked
            found = signatures(statement, material.made, self.run, signer)
        except Exception as error:  # noqa: BLE001 - a key, a vault, a credential: whatever it is, it is not yet signed
            self.state = EvidenceState("not_yet", why=first_line(error))
            self._tell(f"the evidence is not yet signed: {first_line(error)}")
            return {}
        lacks = f"no {names.MODEL_SIGNATURE}: {found.unsigned}" if found.unsigned else None
        self.state = EvidenceState("made", key=signer.fingerprint, why=lacks)
        return found.files

    def _material(self, record: RunRecord, document: Mapping[str, Any]) -> Material:
        seen = self.seen or gather.without_store(self.folder)
        missing = list(seen.missing)
        results = Path(record.results)
        made, logs = gather.made_and_logs(results, self._digests, missing.append)
        events = gather.events(self.folder)
        if events is None:
            missing.append(NO_EVENTS)
        baseline = gather.baseline(self.folder)
        if baseline is None:
            missing.append(NO_BASELINE)
        try:
            plan = to_json(self.folder.plan())
        except (OSError, ValueError):
            plan = None
            missing.append(NO_PLAN)
        return Material(
            run=self.run,
            tfinfra=__version__,
            document=dated("run", {name: value for name, value in document.items() if name != "evidence"}),
            ledger=gather.ledger(record, self.ports.clock()),
            stacks=gather.stacks(self.folder),
            events=events,
            made=made,
            logs=logs,
            nodes=seen.nodes,
            origin=seen.origin,
            plan=plan,
            started=record.times.get("started", 0.0),
            finished=record.times.get("ended") if record.result is not None else None,
            missing=tuple(missing),
            baseline=baseline,
            journal=gather.journal(self.folder),
        )

    def _containers(self) -> tuple[str, ...]:
        """Those of the guardrails that a run of this cloud has business with, and those that its record names: `up`
        may have had other guardrails than who deletes it."""
        urls = tuple(dict.fromkeys((*self.audit.containers, *self._noted().wanted)))
        for url in urls:
            if not takes_copies(url, self.ports.cloud):
                self._tell(f"no copy of the evidence goes to {url}: it is not of the {self.ports.cloud.name} cloud")
        return tuple(url for url in urls if takes_copies(url, self.ports.cloud))

    def _copy(self, files: Mapping[str, bytes]) -> None:
        """Raises NotKept."""
        for url in self._containers():
            try:
                folder = hand_in(self.ports.open_store(url), self.run, files)
            except (NotKept, OSError, ValueError) as error:
                raise NotKept(f"{url}: {first_line(error)}") from error
            self._copies[f"{url}/{folder}"] = None

    def _tell(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.say(f"warning: {text}")
