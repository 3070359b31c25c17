"""Every key of a guardrails file: its Cerberus rules and its meaning. Null stands for nothing here: who writes a key
means to guard something by it."""

from __future__ import annotations

from typing import Any

from tfinfra.manifest.described import Rules, count, described
from tfinfra.manifest.key_schema import ANY_CONTAINER, PRIORITY, duration, usd

FILE = "guardrails.yaml"


def _some(meaning: str, **inner: Any) -> Rules:
    """A text or a list of texts, at least one."""
    return described(
        ["string", "list"], meaning, minlength=1, schema={"type": "string", "minlength": 1, **inner}, **inner
    )


ALLOW: dict[str, Rules] = {
    "vm_size": _some("the Azure sizes that nodes may have; * and ? stand for any letters, in any case"),
    "max_nodes": count("the most nodes that a run may have"),
    "max_run_duration": duration("the longest limits.max_run_duration"),
    "max_cost_usd": usd("the largest limits.max_cost_usd; a run on Azure must have one then"),
    "vm_priority": _some("how nodes may be bought: dedicated, low_priority", text_regex=PRIORITY),
    "image": _some("the images that nodes may boot, as a target writes them; * and ? stand for any letters"),
    "tracking_host": _some(
        "the hosts that metrics.tracking_uri may name, with its port; * and ? stand for any letters"
    ),
    "inline": described("boolean", "false: no target of the manifest or its repository, only those outside, and local"),
    "exec": described(
        "boolean", "false: no command on a run's nodes besides its tasks; true: also on those of a locked run"
    ),
    "max_live_runs": count("the most runs that may live in a subscription at once", least=0),
    "max_usd_per_hour": usd("the most that the live runs of a subscription may cost an hour together, at list price"),
}

NOBODY = "none"
"""`audit.sign` of whom no signature is wanted from."""
KEY_VAULT = r"azurekms://[A-Za-z0-9][A-Za-z0-9.-]{1,126}/[A-Za-z0-9-]{1,127}(/[0-9a-f]{32})?"
"""A key of Azure's Key Vault: the vault's name or host, the key's name, and a version of it."""
AUDIT: dict[str, Rules] = {
    "sign": described(
        "string", "who signs: a key file, relative to this file, azurekms://<vault>/<key>, or none", minlength=1
    ),
    "trust": _some("public keys (PEM) whose signature of evidence counts for `audit`, relative to this file"),
    "evidence": described(
        "text", "a container that takes a copy before the outputs' group is deleted", text_regex=ANY_CONTAINER
    ),
}

GUARDRAILS: dict[str, Rules] = {
    "allow": described("dict", "what a manifest may ask for at most", minlength=1, schema=ALLOW),
    "require": _some("keys that every manifest has to give: limits.max_cost_usd, tags.cost-center, lock"),
    "policy": _some("folders of policy packs, relative to this file"),
    "audit": described("dict", "what becomes of the evidence of each run", minlength=1, schema=AUDIT),
}
