"""The guardrails that hold, as frozen values: of each file what it allows, requires and runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from tfinfra.manifest.document import Document, KeyPath, dotted


@dataclass(frozen=True)
class Allowed:
    """The most that a manifest may ask for: an empty tuple and None limit nothing. Texts of `vm_size`, `image` and
    `tracking_host` are patterns; `max_run_duration` is in seconds, money in US dollars; `exec` is whether commands may
    be run on nodes."""

    vm_size: tuple[str, ...] = ()
    max_nodes: int | None = None
    max_run_duration: int | None = None
    max_cost_usd: float | None = None
    vm_priority: tuple[str, ...] = ()
    image: tuple[str, ...] = ()
    tracking_host: tuple[str, ...] = ()
    inline: bool = True
    max_live_runs: int | None = None
    max_usd_per_hour: float | None = None
    exec: bool | None = None


@dataclass(frozen=True)
class Audit:
    """What becomes of the evidence of runs: who signs it, a `key` file or one of a `vault` (azurekms://…), neither of
    them where nobody does; the `containers` that take a copy; and the public keys that an audit takes for the signers'
    own (`trust`)."""

    key: Path | None = None
    vault: str | None = None
    containers: tuple[str, ...] = ()
    trust: tuple[Path, ...] = ()

    @property
    def signs(self) -> bool:
        return self.key is not None or self.vault is not None


NO_AUDIT = Audit()


@dataclass(frozen=True)
class Guardrail:
    """One line of a file, for a person: "allow.max_nodes", "16", "/etc/tfinfra/guardrails.yaml", 4."""

    name: str
    value: str
    file: str
    line: int

    def __str__(self) -> str:
        """ "guardrail allow.max_nodes (/etc/tfinfra/guardrails.yaml:4)"."""
        return f"guardrail {self.name} ({self.file}:{self.line})"


@dataclass(frozen=True)
class GuardrailsFile:
    """One file. `require` holds dotted keys of a manifest, and "lock"; `policy` and `audit` have absolute paths."""

    document: Document
    allow: Allowed = field(default_factory=Allowed)
    require: tuple[str, ...] = ()
    policy: tuple[Path, ...] = ()
    audit: Audit = NO_AUDIT

    def at(self, *path: str | int) -> Guardrail:
        """The guardrail that is written at `path`."""
        position = self.document.key(path)
        name = dotted(tuple(part for part in path if isinstance(part, str)))
        return Guardrail(name, self._written(path), self.document.file, position.line if position else 1)

    def _written(self, path: KeyPath) -> str:
        value = self.document.texts.get(path)
        if value is not None:
            return value
        items = [text for at, text in self.document.texts.items() if at[:-1] == path]
        return ", ".join(items)

    @property
    def all(self) -> tuple[Guardrail, ...]:
        """Its guardrails, a key each, in the order of the file."""
        allowed = [self.at("allow", key) for key in self.document.data.get("allow", ())]
        others = [self.at(key) for key in ("require", "policy") if key in self.document.data]
        audited = [self.at("audit", key) for key in self.document.data.get("audit", ())]
        return tuple(sorted([*allowed, *others, *audited], key=lambda one: one.line))


@dataclass(frozen=True)
class Guardrails:
    """All files that hold, together: a manifest has to keep to each of them."""

    files: tuple[GuardrailsFile, ...] = ()

    @property
    def audit(self) -> Audit:
        """What becomes of the evidence: each container takes it, and the last file that names a key has it sign. The
        last one is the machine's, whom the caller's files cannot overrule. The keys that each of them trusts count."""
        signing = [file.audit for file in self.files if file.audit.signs]
        containers = dict.fromkeys(url for file in self.files for url in file.audit.containers)
        trust = dict.fromkeys(key for file in self.files for key in file.audit.trust)
        last = signing[-1] if signing else NO_AUDIT
        return Audit(last.key, last.vault, tuple(containers), tuple(trust))

    @property
    def longest(self) -> int | None:
        """The most seconds that a run may take, None where no file says."""
        return min((m for file in self.files if (m := file.allow.max_run_duration) is not None), default=None)

    def execs(self, *, locked: bool) -> bool:
        """Whether commands may be run on a run's nodes besides its tasks: no file forbids it, and for a locked run,
        whose nodes are no longer what its lock says then, one allows it."""
        said = {file.allow.exec for file in self.files}
        return False not in said and (True in said or not locked)

    @property
    def all(self) -> tuple[Guardrail, ...]:
        """Those of all files, one file after the other."""
        return tuple(one for file in self.files for one in file.all)


NO_GUARDRAILS = Guardrails()


def fits(text: str, patterns: tuple[str, ...]) -> bool:
    """Whether one of the patterns takes the text, in any case: Azure's names have none."""
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)
