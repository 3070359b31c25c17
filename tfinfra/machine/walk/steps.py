"""The lines of the checklist, in the order in which a run meets them, and the exit code that they come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tfinfra.azure.preflight.alternatives import BY_CAPACITY
from tfinfra.azure.preflight.permissions import LESS
from tfinfra.errors import CredentialsError, Diagnostic, ManifestError, NotFeasible, TfinfraError, UsageError

ORDER = (
    *(
        "endpoint",
        "credential",
        "tenant",
        "subscription",
        "providers",
        "permissions",
        "roles",
        "target",
        "size",
        "quota",
        "image",
    ),
    *("placement", "plugin", "names", "policy", "locks", "network", "client", "nodes", "timer", "answers"),
)
CHECK_OF = {
    **dict.fromkeys(("TFI601", "TFI602", "TFI603", "TFI604"), "quota"),
    **dict.fromkeys(("TFI605", "TFI606", "TFI607", "TFI608"), "size"),
    **dict.fromkeys(("TFI609", "TFI610", "TFI611", "TFI612", "TFI625"), "image"),
    **dict.fromkeys(("TFI613", "TFI628", "TFI629"), "placement"),
    **dict.fromkeys(("TFI614", "TFI615", "TFI635"), "providers"),
    **dict.fromkeys(("TFI622", "TFI623"), "answers"),
    "TFI616": "permissions",
    "TFI636": "permissions",
    "TFI617": "names",
    "TFI618": "locks",
    "TFI624": "roles",
    "TFI626": "target",
}
"""The check that a code of the preflight belongs to; all others are what ARM says of the plan as a whole: policy."""
NOT_ASKED = "not asked, because of the line that is not ok above"


@dataclass(frozen=True)
class Step:
    """`level` is ok, not, or unknown (it could not be found out); `fix` is the command or the way that mends it.
    `exit_code` is what a run would end with because of it, 0 where a run would go on."""

    check: str
    level: str
    text: str
    fix: str | None = None
    exit_code: int = 0


def exit_code(steps: Iterable[Step]) -> int:
    """That of the fault that has to be mended first: the target's, then a variable's, then the credential's, then what
    is not feasible, then the plugin's."""
    found = {step.exit_code for step in steps}
    order = (ManifestError, UsageError, CredentialsError, NotFeasible, TfinfraError)
    return next((kind.exit_code for kind in order if kind.exit_code in found), 0)


def in_order(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=lambda step: ORDER.index(step.check)))


def asked_steps(
    diagnostics: Iterable[Diagnostic], well: Mapping[str, str], exits: Mapping[str, int], subscription: str | None
) -> list[Step]:
    """What the preflight found, a line each: `diagnostics`, and by check what is well. `exits` has the exit code of
    each error's code."""
    steps = [
        Step(check if check in ORDER else "policy", "unknown" if found == "not known" else "ok", found)
        for check, found in well.items()
    ]
    for found in dict.fromkeys(diagnostics):
        # A warning is what is not certain; but a location that is full is full, also where another is
        # not, and a right that is missing is missing.
        level = "not" if found.is_error or found.code in (*BY_CAPACITY, LESS) else "unknown"
        check, fix = CHECK_OF.get(found.code, "policy"), found.hint
        if check == "permissions":
            role = f"`tfinfra doctor --role --subscription {subscription or 'ID'}` prints a role of all that it takes"
            fix = f"{fix}; {role}"
        steps.append(Step(check, level, found.message, fix, exits.get(found.code, 0) if found.is_error else 0))
    return steps


def missing_steps(checks: Iterable[str], steps: Iterable[Step], why: str) -> list[Step]:
    """A step, with the reason, for each check that has none among `steps`."""
    known = {step.check for step in steps}
    return [Step(check, "unknown", why) for check in checks if check not in known]
