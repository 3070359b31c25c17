"""`tfinfra check`: everything that can be known of manifests without an account, for the jobs of a CI system."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.manifests.options import Asked, manifest_options
from tfinfra.cli.options import target_option
from tfinfra.errors import NotFeasible

if TYPE_CHECKING:
    from tfinfra.cli.manifests.each import One
    from tfinfra.cli.manifests.given import Given
    from tfinfra.compiler.pipeline import Compiled
    from tfinfra.compiler.summary.priced import Priced
    from tfinfra.lifecycle.previews.stacks import StackPreview
    from tfinfra.lifecycle.previews.two_at_once import Previews


@click.command(help="Validate and plan each MANIFEST, compare its deploy folder, preview its stacks; change nothing.")
@manifest_options
@target_option
def command(*, asked: Asked, target: str | None) -> int:
    """Nobody is asked and no credential is used, whatever the target: the previews are the real engine's, with what
    Azure would answer made up. A verdict for each manifest on stdout."""
    from tfinfra.cli.manifests.each import each_manifest
    from tfinfra.cli.manifests.given import chosen_manifests
    from tfinfra.cli.output import progress
    from tfinfra.system.installation import require_run_packages

    require_run_packages()
    chosen = chosen_manifests(asked.words)
    with ExitStack() as ending:

        @cache
        def previews() -> Previews | NotFeasible:
            from tfinfra.engine.tool.toolchain import ensure_cli
            from tfinfra.lifecycle.previews.two_at_once import PLACES, Previews

            try:
                ensure_cli(progress)
            except NotFeasible as missing:  # what else is wrong with a manifest goes before it
                return missing
            return ending.enter_context(Previews(min(PLACES, len(chosen.manifests)), progress))

        ahead = _Ahead(chosen.manifests, previews, target, asked.guardrails)
        return each_manifest("check", asked, partial(_check, ahead=ahead), chosen)


@dataclass
class _Ahead:
    """Compiles the manifests that come next too, so that no place of the previews waits for the one that is told of.
    `previews` makes ready what they need, which may take minutes on a new machine, or has the reason why there can be
    none. It is called once a manifest is right, and none waits for it that is wrong."""

    manifests: Sequence[Given]
    previews: Callable[[], Previews | NotFeasible]
    target: str | None
    guardrails: Path | None
    owners: dict[str, str] = field(default_factory=dict)
    """Which manifest has which deploy folder, of those that were told of."""
    _begun: dict[Given, tuple[Compiled, Future[tuple[StackPreview, ...]]] | Exception] = field(default_factory=dict)

    def take(self, given: Given) -> tuple[Compiled, Future[tuple[StackPreview, ...]]]:
        """The compiled manifest, and its previews on their way. Raises what kept it from being compiled."""
        from tfinfra.lifecycle.previews.two_at_once import PLACES

        here = self.manifests.index(given)
        found = self._begun.pop(given) if given in self._begun else self._begin(given)
        if isinstance(found, Exception):
            raise found
        for each in self.manifests[here + 1 : here + 1 + PLACES]:
            if each not in self._begun:
                self._begun[each] = self._begin(each)
        return found

    def _begin(self, given: Given) -> tuple[Compiled, Future[tuple[StackPreview, ...]]] | Exception:
        from tfinfra.compiler.pipeline import compile_manifest

        try:
            compiled = compile_manifest(given.load(target=self.target, guardrails=self.guardrails))
        except Exception as error:  # noqa: BLE001  it is raised when its turn comes
            return error
        previews = self.previews()
        if isinstance(previews, NotFeasible):
            refused: Future[tuple[StackPreview, ...]] = Future()
            refused.set_exception(previews)
            return compiled, refused
        return compiled, previews.submit(compiled)


def _check(one: One, *, ahead: _Ahead) -> dict[str, Any]:
    """What speaks against the manifest comes before what its deploy folder lacks, which another compile mends."""
    from tfinfra.cli.authoring.compile import own_folder, refuse_difference
    from tfinfra.compiler.summary.priced import priced
    from tfinfra.lifecycle.previews.policy import policy_warnings

    compiled, on_their_way = ahead.take(one.given)
    found = one.judge(dict.fromkeys([*compiled.diagnostics, *compiled.prices().diagnostics]))
    one.note(compiled)
    folder = own_folder(one, compiled, ahead.owners)
    previews = on_their_way.result()
    found += one.judge(policy_warnings(compiled, previews))
    is_compiled = folder.is_dir()
    if is_compiled:
        refuse_difference(compiled, folder)
    locked = _refuse_other_lock(one, compiled) if ahead.target is None else None
    price = priced(compiled)
    made = {each.part: each.preview.resources for each in previews if each.choice == 0}
    verdict = _verdict(one, compiled, price, sum(map(len, made.values())), is_compiled=is_compiled)
    one.show(f"{verdict}; {locked.name} holds" if locked else verdict)
    return {
        "name": compiled.spec.name,
        "valid": True,
        "nodes": compiled.plan.node_count,
        "usd_per_hour": None if price.local else price.usd_per_hour,
        "usd_most": None if price.local else price.most,
        "deploy": {"folder": str(folder), "compiled": is_compiled},
        "lock": str(locked) if locked else None,
        "preview": made,
        "diagnostics": found,
    }


def _refuse_other_lock(one: One, compiled: Compiled) -> Path | None:
    """The lock of a manifest, None where it has none. Raises DifferenceFound where what it holds is another thing
    now."""
    from tfinfra.cli.output import progress
    from tfinfra.compiler.lock_beside import lock_beside
    from tfinfra.compiler.user_paths import exists
    from tfinfra.lifecycle.locking.check import check_lock
    from tfinfra.locking.read import is_lock

    manifest = one.given.path
    if manifest is None or is_lock(manifest.name) or not exists(path := lock_beside(manifest)):
        return None
    check_lock(compiled, manifest, path, folder=Path(), full=False, progress=progress)
    return path


def _verdict(one: One, compiled: Compiled, price: Priced, resources: int, *, is_compiled: bool) -> str:
    """ "train.yaml: ok: 2 nodes, 1.05 USD an hour and 20.00 at most, 25 resources; deploy/digits is as compiled"."""
    from tfinfra.text.wording import count

    hourly, most = (f"{usd:.2f}" if usd is not None else "unknown" for usd in (price.usd_per_hour, price.most))
    money = "no cost" if price.local else f"{hourly} USD an hour and {most} at most"
    folder = f"deploy/{compiled.spec.name} is {'as compiled' if is_compiled else 'not compiled yet'}"
    what = f"{count(compiled.plan.node_count, 'node')}, {money}, {count(resources, 'resource')} previewed"
    return f"{one.given.shown}: ok: {what}; {folder}"
