"""Rules on what must exist once a run goes to its cloud, as far as it was looked up: `validate` and `plan` need none of
it."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.guardrail_lines import breach
from tfinfra.compiler.lines.plan_lines import plan_diagnostic
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import error_at
from tfinfra.manifest.key_schema import LOCK


def no_subscription(facts: Facts) -> Iterator[Diagnostic]:
    """Without a subscription nothing can be made, and ARM cannot be asked."""
    target = facts.chosen.target
    if target is None or not facts.launch.provisions or target.cloud == "local" or target.subscription_id:
        return
    message, hint = f"the target '{target.name}' names no subscription", "add subscription_id to it, or --rehearse it"
    yield plan_diagnostic(facts, "TFI627", "subscription_id", message, hint)


def unset_secrets(facts: Facts) -> Iterator[Diagnostic]:
    """Tasks would start without them."""
    given = facts.launch.secrets
    for path, name in facts.manifest.items("secrets"):
        if given is not None and name not in given:
            message = f"the secret {name} is not set in the environment of this command, or it is empty"
            hint = f"export {name} in this shell, or in the CI job's settings"
            yield error_at(facts.document, "TFI722", path, message, hint)


def secrets_of_nobody(facts: Facts) -> Iterator[Diagnostic]:
    """Secrets are sealed for machines that exist, by a client that is there when they come."""
    if facts.launch.unattended and facts.manifest.secrets:
        message = "nobody is there to hand secrets to the nodes of a run whose stacks are made by hand"
        hint = "run it with `tfinfra up`, or let the script read them where the nodes' identity may"
        yield error_at(facts.document, "TFI740", ("secrets",), message, hint)


def trials_of_nobody(facts: Facts) -> Iterator[Diagnostic]:
    """The nodes of a tune train what its client asks for."""
    if facts.launch.unattended and facts.manifest.tune is not None:
        message = "nobody is there to ask for the trials of a tune whose stacks are made by hand"
        hint = "run it with `tfinfra tune`, or write script_params in place of tune"
        yield error_at(facts.document, "TFI941", ("tune",), message, hint, at="key")


def no_checkpoints(facts: Facts) -> Iterator[Diagnostic]:
    """The run to resume from left none."""
    if facts.launch.checkpoints is False:
        message = f"there are no checkpoints of a run '{facts.manifest.resume_from}' to resume from"
        hint = "`tfinfra runs` lists the runs; a Blob URL is taken too"
        yield error_at(facts.document, "TFI727", ("resume_from",), message, hint)


def unmountable_files(facts: Facts) -> Iterator[Diagnostic]:
    """A mount would show a file under another name where its name is not its key's."""
    for name, file in facts.launch.unmountable.items():
        message = f"the input '{name}' cannot be mounted: no object's name may hold the characters of {file!r}"
        hint = "rename the file, or write mode: download"
        yield error_at(facts.document, "TFI729", ("inputs", name, "path"), message, hint)


def held_against_no_lock(facts: Facts) -> Iterator[Diagnostic]:
    """Guardrails that require a lock mean runs that are held against it."""
    for file in facts.project.guardrails.files if facts.launch.unlocked else ():
        if LOCK in file.require:
            lone = ("require",) in file.document.texts
            held = file.at("require") if lone else file.at("require", file.require.index(LOCK))
            what, hint = "this run is held against no lock", "`tfinfra up --locked`"
            yield breach(facts, "TFI452", (), held, what=what, hint=hint)


RULES: tuple[Rule, ...] = (
    *(no_subscription, unset_secrets, secrets_of_nobody, trials_of_nobody),
    *(no_checkpoints, unmountable_files),
    held_against_no_lock,
)
