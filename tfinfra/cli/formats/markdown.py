"""The comment on a change: one line of verdict with the cost before and after, and details folded below it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


def markdown(verb: str, outcomes: Sequence[Outcome]) -> str:
    """The comment, "" where nothing has changed and nothing is wrong: nobody wants to be told that. A warning of a
    manifest that has not changed is no news either."""
    failed = [each for each in outcomes if each.error is not None]
    changed = [each for each in outcomes if each.change is not None and not each.change.same]
    if not failed and not changed:
        return ""
    news = [each for each in outcomes if each in failed or each in changed]
    found = sorted(findings_of(news), key=lambda each: [*Severity].index(each.level))
    lines = [_verdict(verb, outcomes, failed, found), *_folded(found), *_table(changed)]
    return "\n".join(lines) + "\n"


def _verdict(verb: str, outcomes: Sequence[Outcome], failed: Sequence[Outcome], found: Sequence[Finding]) -> str:
    parts = [f"**tfinfra {verb}**", count(len(outcomes), "manifest")]
    if failed:
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        parts.append(f"**✘ {len(failed)} failed**: {code(failed[0].manifest, 80)}{more}")
    else:
        parts.append("✔ none failed")
    parts += _costs([each.change for each in outcomes if each.change is not None])
    parts += [
        count(number, word)
        for level, word in ((Severity.ERROR, "error"), (Severity.WARNING, "warning"))
        if (number := sum(each.level is level for each in found))
    ]
    return f"{' · '.join(parts)} <!-- tfinfra {verb} -->"


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
    """All before and all after; a new manifest cost nothing before. None where one is not known."""
    before = [0.0 if each.before is None else of(each.before) for each in changes]
    after = [of(each.after) for each in changes]
    known_before, known_after = [x for x in before if x is not None], [x for x in after if x is not None]
    if len(known_before) < len(before) or len(known_after) < len(after):
        return None
    return sum(known_before), sum(known_after)


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


def _table(changed: Sequence[Outcome]) -> Iterator[str]:
    if not changed:
        return
    yield from ("", f"<details><summary>{count(len(changed), 'manifest')} changed</summary>", "")
    yield from ("| manifest | nodes | USD/h | at most USD |", "|---|---|---|---|")
    for each in changed[:_MOST_CHANGES]:
        if (change := each.change) is not None:
            money = f"{_usd(change, 'usd_per_hour')} | {_usd(change, 'usd_most')}"
            yield f"| {code(each.manifest, 80)} | {_nodes(change)} | {money} |"
    if len(changed) > _MOST_CHANGES:
        yield f"| and {len(changed) - _MOST_CHANGES} more | | | |"
    yield from ("", "</details>")


def _nodes(change: Change) -> str:
    def text(state: State) -> str:
        return code(f"{state.nodes} x {state.vm_size} in {state.location}", 80)

    after = text(change.after)
    if change.before is None:
        return f"new: {after}"
    before = text(change.before)
    return after if before == after else f"{before} → {after}"


def _usd(change: Change, of: str) -> str:
    def text(state: State) -> str:
        value = getattr(state, of)
        return "unknown" if value is None else f"{value:.2f}"

    after = text(change.after)
    if change.before is None:
        return after
    before = text(change.before)
    return after if before == after else f"{before} → {after}"
