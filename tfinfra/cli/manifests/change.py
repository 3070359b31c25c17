"""What a manifest costs, and what it cost before: for the comment on a change."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.cli.formats.places import repository_here
from tfinfra.cli.manifests.given import place_of
from tfinfra.compiler.user_paths import is_folder, real

if TYPE_CHECKING:
    from tfinfra.cli.manifests.given import Given
    from tfinfra.compiler.pipeline import CheckedManifest, Compiled
    from tfinfra.compiler.project import KnownPrices, Project
    from tfinfra.manifest.manifest import Manifest
    from tfinfra.model import Plan, Spec

RESOLVED = "manifest.resolved.yaml"


@dataclass(frozen=True)
class State:
    """Nodes and money of a plan: US dollars an hour, and at most, at list price; None where a price is not known,
    nothing on a local cloud, whose nodes have no size (None) and are in no location."""

    nodes: int
    vm_size: str | None
    location: str
    usd_per_hour: float | None
    usd_most: float | None


@dataclass(frozen=True)
class Change:
    """`before` is None where there was no such manifest, or nothing can be said of it, `after` where it is gone.
    `same`: its deploy folder is as before."""

    before: State | None
    after: State | None
    same: bool = False


def change_of(given: Given, checked: CheckedManifest | Compiled, base: Path | None, target: str | None) -> Change:
    """The change against the manifest of the same path in `base`, a checkout of what it is compared with; without one
    against what was compiled last, in deploy/<name>."""
    from tfinfra.compiler.deploy.render import render
    from tfinfra.compiler.deploy.write import differences
    from tfinfra.compiler.resolved import resolved_text

    now, prices = (checked.manifest, checked.spec, checked.plan), checked.facts.project.prices
    tree = render(checked.plan, resolved_text(checked.manifest, checked.spec))
    if base is None:
        folder = Path("deploy") / checked.spec.name
        before = _draft(_compiled_last(given, folder))
        same = before is not None and not differences(tree, folder)
        return Change(_state(before, prices), _known(now, prices), same)
    before = _draft(_in_base(given, base, target))
    same = before is not None and render(before[2], resolved_text(before[0], before[1])) == tree
    return Change(_state(before, prices), _known(now, prices), same)


def gone_manifests(words: Iterable[Path], still: Iterable[Given], base: Path, target: str | None) -> dict[str, Change]:
    """What each manifest cost that `base` has in a folder that these words name, and that is not there any more, by its
    path from the current folder; on `target`, where all are asked of that one."""
    from tfinfra.compiler.load import known_prices

    prices = cache(known_prices)
    root, here = repository_here().root, Path(os.path.realpath("."))
    places = {place_of(given.path) for given in still if given.path is not None}
    gone = {}
    for folder in map(real, filter(is_folder, words)):
        for path in _inside(base / folder.relative_to(root)) if folder.is_relative_to(root) else ():
            place = root / path.relative_to(base)
            if place not in places:
                gone[os.path.relpath(place, here)] = Change(_state(_draft(_loaded(path, target)), prices), None)
    return gone


def _inside(folder: Path) -> tuple[Path, ...]:
    from tfinfra.compiler.find_manifests import find_manifests
    from tfinfra.errors import UsageError

    try:
        return find_manifests(folder)
    except UsageError:
        return ()


def _compiled_last(given: Given, folder: Path) -> Project | None:
    """The manifest that an earlier compile resolved, with the source directory as it is now."""
    from tfinfra.compiler.load import project_of_text
    from tfinfra.compiler.user_paths import read_bounded
    from tfinfra.errors import ManifestError
    from tfinfra.manifest.reading.reader import MOST_BYTES

    try:
        data = read_bounded(folder / RESOLVED, MOST_BYTES)
        where = Path() if given.path is None else given.path.parent
        return None if data is None else project_of_text(data, file=RESOLVED, folder=where)
    except (OSError, ManifestError):
        return None


def _in_base(given: Given, base: Path, target: str | None) -> Project | None:
    root = repository_here().root
    if given.path is None or not place_of(given.path).is_relative_to(root):
        return None
    return _loaded(base / place_of(given.path).relative_to(root), target)


def _loaded(path: Path, target: str | None) -> Project | None:
    from tfinfra.compiler.load import load_project
    from tfinfra.errors import ManifestError

    try:
        return load_project(path, target=target)
    except ManifestError:
        return None


def _draft(project: Project | None) -> tuple[Manifest, Spec, Plan] | None:
    from tfinfra.compiler.pipeline import draft

    return None if project is None else draft(project)


def _state(drafted: tuple[Manifest, Spec, Plan] | None, prices: Callable[[], KnownPrices]) -> State | None:
    return None if drafted is None else _known(drafted, prices)


def _known(drafted: tuple[Manifest, Spec, Plan], prices: Callable[[], KnownPrices]) -> State:
    from tfinfra.compiler.summary.priced import price_of

    _, spec, plan = drafted
    made, price = plan.infrastructure, price_of(plan, spec.target, prices().book)
    if price.local:
        return State(plan.node_count, None, made.location, 0.0, 0.0)
    return State(plan.node_count, made.vm_size, made.location, price.usd_per_hour, price.most)
