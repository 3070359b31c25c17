"""The comment on a change: one line of verdict with the cost before and after, and details folded below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tfinfra.cli.formats.findings import Finding, findings_of
from tfinfra.cli.formats.markdown_text import code
from tfinfra.errors import Severity
from tfinfra.text.wording import count

if TYPE_CHECKING:
    from tfinfra.cli.manifests.change import Change, State
    from tfinfra.cli.manifests.outcome import Outcome

MOST_LINES = 40
_MOST_FINDINGS, _MOST_CHANGES = 12, 10


def markdown(verb: str, outcomes: Sequence[Outcome], gone: Mapping[str, Change]) -> str:
    """The comment; `gone` are manifests that are not there any more, by their path. It is "" where nothing has changed
    and nothing is wrong: nobody wants to be told that. A warning of a manifest that has not changed is no news."""
    failed = [each for each in outcomes if each.error is not None]
    changes = {each.manifest: each.change for each in outcomes if each.change is not None}
    changed = {name: change for name, change in {**changes, **gone}.items() if not change.same}
    if not failed and not changed:
        return ""
    news = [each for each in outcomes if each.error is not None or each.manifest in changed]
    found = sorted(findings_of(news), key=lambda each: [*Severity].index(each.level))
    costs = _costs([*changes.values(), *gone.values()])
    lines = [_verdict(verb, outcomes, failed, [*costs, *_counts(found)]), *_folded(found), *_table(changed)]
    return "\n".join(lines) + "\n"


def _verdict(verb: str, outcomes: Sequence[Outcome], failed: Sequence[Outcome], more: Sequence[str]) -> str:
    ended = "✔ none failed"
    if failed:
        others = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        ended = f"**✘ {len(failed)} failed**: {code(failed[0].manifest, 80)}{others}"
    manifests = sum(each.is_manifest for each in outcomes)
    parts = [f"**tfinfra {verb}**", count(manifests, "manifest") if manifests else "no manifest", ended, *more]
    return f"{' · '.join(parts)} <!-- tfinfra {verb} -->"


def _counts(found: Sequence[Finding]) -> Iterator[str]:
    for level, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning")):
        if number := sum(each.level is level for each in found):
            yield count(number, word)


def _costs(changes: Sequence[Change]) -> Iterator[str]:
    """The cost of all manifests before and after, an hour and at most."""
    if not changes:
        return
    hours = _sums(changes, lambda state: state.usd_per_hour)
    mosts = _sums(changes, lambda state: state.usd_most)
    if hours is not None:
        before, after = hours
        yield f"**{before:.2f} → {after:.2f} USD/h ({after - before:+.2f})**"
    else:
        yield "cost not known, for want of a price"
    if mosts is not None:
        yield f"at most {mosts[0]:.2f} → {mosts[1]:.2f} USD"


def _sums(changes: Sequence[Change], of: Callable[[State], float | None]) -> tuple[float, float] | None:
    """All before and all after: a new manifest cost nothing before, one that is gone costs nothing. None where one is
    not known."""
    before = _sum([each.before for each in changes], of)
    after = _sum([each.after for each in changes], of)
    return None if before is None or after is None else (before, after)


def _sum(states: Sequence[State | None], of: Callable[[State], float | None]) -> float | None:
    found = [of(state) for state in states if state is not None]
    known = [each for each in found if each is not None]
    return sum(known) if len(known) == len(found) else None


def _folded(found: Sequence[Finding]) -> Iterator[str]:
    if not found:
        return
    yield from ("", f"<details><summary>{count(len(found), 'finding')}</summary>", "")
    for each in found[:_MOST_FINDINGS]:
        place = f"{each.file}:{each.line}" if each.length else each.manifest
        yield f"- {each.level.value} {each.rule} {code(place, 100)} {code(each.text, 240)}"
    if len(found) > _MOST_FINDINGS:
        yield f"- and {len(found) - _MOST_FINDINGS} more"
    yield from ("", "</details>")


def _table(changed: Mapping[str, Change]) -> Iterator[str]:
    if not changed:
        return
    yield from ("", f"<details><summary>{count(len(changed), 'manifest')} changed</summary>", "")
    yield from ("| manifest | nodes | USD/h | at most USD |", "|---|---|---|---|")
    for name, change in [*changed.items()][:_MOST_CHANGES]:
        hour, most = _arrow(change, lambda state: state.usd_per_hour), _arrow(change, lambda state: state.usd_most)
        yield f"| {code(name, 80)} | {_nodes(change)} | {hour} | {most} |"
    if len(changed) > _MOST_CHANGES:
        yield f"| and {len(changed) - _MOST_CHANGES} more | | | |"
    yield from ("", "</details>")


def _nodes(change: Change) -> str:
    before, after = (None if state is None else _of(state) for state in (change.before, change.after))
    if before is None or after is None:
        return f"new: {after}" if before is None else f"gone: {before}"
    return after if before == after else f"{before} → {after}"


def _of(state: State) -> str:
    if state.vm_size is None:
        return f"{count(state.nodes, 'node')} on the local cloud"
    return code(f"{state.nodes} x {state.vm_size} in {state.location}", 80)


def _arrow(change: Change, of: Callable[[State], float | None]) -> str:
    """US dollars before and after; one of them where the other is the same, or is not there."""
    states = [state for state in (change.before, change.after) if state is not None]
    shown = ("unknown" if (usd := of(state)) is None else f"{usd:.2f}" for state in states)
    return " → ".join(dict.fromkeys(shown))
