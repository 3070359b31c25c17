"""Which cloud a verb looks at: named by --cloud, --target or --subscription, else by the environment and the target
files that are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfinfra.errors import UsageError
from tfinfra.model import Target

SUBSCRIPTION = "AZURE_SUBSCRIPTION_ID"


@dataclass(frozen=True)
class CloudOptions:
    """The options as given; all None: any cloud that knows the run."""

    cloud: str | None = None
    target: str | None = None
    subscription: str | None = None

    @property
    def nothing(self) -> bool:
        return self == CloudOptions()


@dataclass(frozen=True)
class CloudScope:
    """An Azure subscription, or this machine's own cloud (`subscription` is None); `why` says what named it."""

    subscription: str | None
    why: str

    def holds(self, target: Target, rehearse: bool) -> bool:
        """Whether a run of this target is here."""
        if rehearse or target.cloud == "local":
            return self.subscription is None
        return self.subscription == target.subscription_id

    def __str__(self) -> str:
        return f"Azure subscription {self.subscription}" if self.subscription else "this machine's cloud"


@dataclass(frozen=True)
class KnownTarget:
    """What a target file says of a target, as far as it matters here."""

    name: str
    file: str
    cloud: str
    subscription: str | None


def known_targets(files: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[KnownTarget, ...]:
    """The targets of compute_targets.yaml files, given as (file, its mapping), nearest first; a nearer one hides those
    of its name."""
    found: dict[str, KnownTarget] = {}
    for file, data in files:
        for name, keys in data.items():
            if isinstance(keys, Mapping) and name not in found:
                subscription = keys.get("subscription_id")
                cloud = str(keys.get("cloud") or "azure")
                found[name] = KnownTarget(name, file, cloud, str(subscription) if subscription else None)
    return tuple(found.values())


def scope_of(options: CloudOptions, environ: Mapping[str, str], targets: Sequence[KnownTarget]) -> CloudScope:
    """The one cloud that the options name. Raises UsageError where they contradict each other, or name none."""
    target: KnownTarget | None = None
    if options.target:
        known = (KnownTarget("local", "", "local", None), *targets)
        target = next((each for each in known if each.name == options.target), None)
        if target is None:
            hint = f"known: {', '.join(each.name for each in known)}"
            raise UsageError(f"there is no compute target '{options.target}'", hint=hint)
    cloud = options.cloud or (target.cloud if target else "azure")
    if target is not None and target.cloud != cloud:
        raise UsageError(f"--cloud is {options.cloud}, but target '{target.name}' is on {target.cloud}")
    if cloud == "local":
        if options.subscription:
            raise UsageError("--subscription is Azure's: this machine's cloud has none to choose")
        return CloudScope(None, "--cloud" if target is None else f"target '{target.name}'")
    if options.subscription:
        return CloudScope(options.subscription, "--subscription")
    if target is not None and target.subscription:
        return CloudScope(target.subscription, f"target '{target.name}' in {target.file}")
    return _only(guesses(environ, () if target else targets))


def guesses(environ: Mapping[str, str], targets: Sequence[KnownTarget]) -> tuple[CloudScope, ...]:
    """The subscriptions that the environment, else the target files name."""
    given = environ.get(SUBSCRIPTION)
    if given:
        return (CloudScope(given, SUBSCRIPTION),)
    found = {t.subscription: f"target '{t.name}' in {t.file}" for t in reversed(targets) if t.subscription}
    return tuple(CloudScope(subscription, why) for subscription, why in found.items())


def _only(scopes: Sequence[CloudScope]) -> CloudScope:
    if len(scopes) == 1:
        return scopes[0]
    if not scopes:
        hint = f"give --subscription, set {SUBSCRIPTION}, or name a target with a subscription_id by --target"
        raise UsageError("no Azure subscription is named", hint=hint)
    listed = ", ".join(f"{each.subscription} ({each.why})" for each in scopes)
    raise UsageError("the target files name several Azure subscriptions", hint=f"give --subscription: {listed}")
