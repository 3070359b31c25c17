"""The names of the evidence's files, and how the name of a run's file is written in them."""

from __future__ import annotations

import os
from urllib.parse import quote

FOLDER = "audit"
RUN = "run.json"
LEDGER = "ledger.json"
STACKS = "stacks.json"
BASELINE = "baseline.json"
EVENTS = "events.jsonl"
JOURNAL = "tune.jsonl"
NODES = "nodes"
LOCK = "lock.yaml"
RESOLVED = "manifest.resolved.yaml"
DEPLOY = "deploy"
SOURCE_SUMS = "source.sha256"
LOG_SUMS = "logs.sha256"
BILL = "bom.cdx.json"
STATEMENT = "statement.json"
SIGNED_STATEMENT = "statement.sigstore.json"
MODEL_SIGNATURE = "model.sig"
SUMS = "SHA256SUMS"

SIGNATURES = (SIGNED_STATEMENT, MODEL_SIGNATURE)
OUTPUTS = "outputs"
TRIALS = "trials"
BEST = "best"
SUBJECTS = (OUTPUTS, "checkpoints", "logs", "left", TRIALS, BEST)
"""Folders of a run whose files are what it made."""
LOGS = ("tasks", "nodes", "metrics")
"""Folders of a run in which its logs and metrics are."""


def node_file(node: int) -> str:
    return f"{NODES}/{node}.json"


def attested_file(node: int, *, after: bool = False) -> str:
    """Of the document that was taken before the node's first task, or after its last one."""
    return f"{NODES}/{node}.attested{'-after' if after else ''}.p7"


def unfit_file(node: int) -> str:
    """What the node wrote of itself and is no such record, byte by byte."""
    return f"{NODES}/{node}.unfit"


def chain_file(node: int) -> str:
    """The certificates between the signers of these documents and their root."""
    return f"{NODES}/{node}.attested-chain.pem"


def in_json(name: str) -> str:
    """A file's name as JSON can have it: bytes that are not UTF-8 are percent-encoded."""
    return "".join(quote(os.fsencode(c)) if "\ud800" <= c <= "\udfff" else c for c in name)
