"""A run's folder as it was read, and whom the auditor trusts: all that an audit without a cloud begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tfinfra.cloud import Trust
from tfinfra.evidence.names import FOLDER
from tfinfra.evidence.sums import sha256

LARGEST = 64 << 20
"""Bytes of a file of audit/ that is read."""
TOO_LARGE = "it has more than 64 MB"
"""Why a larger one is not: tfinfra writes none."""
MOST = 256 << 20
"""Bytes of all files of audit/ together that are held, and of all logs of one kind beside it."""
TOO_MUCH = "all that is read has more than 256 MB"
"""Why one that comes after that is not."""
NAME_A_KEY = "--public-key FILE names a key; audit.trust in the guardrails of your own configuration keeps it"
"""The way out where no key is trusted."""


@dataclass(frozen=True)
class RunFiles:
    """`shown` is how messages name the folder. `evidence` has the bytes of the files of audit/, by their names there;
    `digests` the SHA-256 of each other plain file of the run, by its name in the run's folder (outputs/model.keras).
    `odd` is what is no plain file, with what it is ("a link"); `unread` what could not be read, with the reason.
    `sizes` has how many bytes each log has, `log_times` the bytes of the files of their times, `agent_logs` those of
    the logs of the nodes' agents, `trial_records` those of what nodes recorded of a tune's trials; all by their names
    in the run's folder. `beside` are run.json and events.jsonl of the run's folder itself, which no digest is about.
    `alone`: the folder is audit/ without a run around it, as a container has it. `asked` is the run that whoever audits
    means, None where neither they nor the folder's name say which."""

    shown: str
    evidence: Mapping[str, bytes]
    digests: Mapping[str, str] = field(default_factory=dict)
    odd: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    log_times: Mapping[str, bytes] = field(default_factory=dict)
    agent_logs: Mapping[str, bytes] = field(default_factory=dict)
    trial_records: Mapping[str, bytes] = field(default_factory=dict)
    beside: Mapping[str, bytes] = field(default_factory=dict)
    alone: bool = False
    asked: str | None = None


@dataclass(frozen=True)
class PublicKey:
    """A key that the auditor trusts: `pem` as cryptography writes it, `name` the file that it is from."""

    name: str
    pem: bytes

    @property
    def fingerprint(self) -> str:
        """As bundles name it."""
        return sha256(self.pem)


@dataclass(frozen=True)
class Auditor:
    """`keys` may sign evidence; `clouds` says by a cloud's name whose signature of an attested document counts there.
    `require_signature`: evidence that nobody has signed is a finding that counts. `full`: inputs are read, whatever
    their sizes and times say."""

    keys: tuple[PublicKey, ...] = ()
    clouds: Mapping[str, Trust] = field(default_factory=dict)
    require_signature: bool = False
    full: bool = False


def in_run(name: str) -> str:
    """The name in the run's folder of a file of audit/."""
    return f"{FOLDER}/{name}"
