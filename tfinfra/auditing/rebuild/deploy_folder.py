"""The deploy folder of the evidence against the one that its lock, or its resolved manifest, makes anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence.names import DEPLOY, LOCK
from tfinfra.locking.canonical import sha256
from tfinfra.locking.document import LockedDeploy, LockedIndexes
from tfinfra.model import PackageSources

RULE = "TFA520"
_MOST = 50
_SHORT = 60


def deploy_findings(made: Mapping[str, str], there: Mapping[str, bytes], origin: str) -> Iterator[Finding]:
    """Each file of the evidence's deploy folder that is not what `origin` makes."""
    found = list(_deviations(made, there, origin))
    yield from found[:_MOST]
    if len(found) > _MOST:
        yield Finding(RULE, found[_MOST].verdict, in_run(DEPLOY), f"{len(found) - _MOST} more files differ")


def no_folder(why: str, hint: str | None = None) -> Finding:
    """Of a deploy folder that nobody made anew."""
    sentence = f"the deploy folder is not made anew: {why}"
    return Finding(RULE, Verdict.UNVERIFIABLE, in_run(DEPLOY), sentence, hint=hint)


def not_made(file: str, what: str) -> Finding:
    """Of a part of it that was taken as it is there."""
    return Finding(RULE, Verdict.UNVERIFIABLE, in_run(file), f"{in_run(file)} has {what}: nobody can make that anew")


def _deviations(made: Mapping[str, str], there: Mapping[str, bytes], origin: str) -> Iterator[Finding]:
    for path in sorted({*made, *there}):
        file = in_run(f"{DEPLOY}/{path}")
        if path not in there:
            yield Finding(RULE, Verdict.MISSING, file, f"{file} is gone: {origin} makes it")
        elif path not in made:
            yield Finding(RULE, Verdict.FOREIGN, file, f"{file} belongs to no run of {origin}, which makes none", file)
        elif made[path].encode() != there[path]:
            line, words = _first_difference(made[path], there[path])
            yield Finding(RULE, Verdict.CHANGED, file, f"{file} is not what {origin} makes: {words}", file, line)


def _first_difference(made: str, there: bytes) -> tuple[int, str]:
    lines = zip_longest(
        made.splitlines(keepends=True), there.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    )
    number, (own, theirs) = next((n, pair) for n, pair in enumerate(lines, 1) if pair[0] != pair[1])
    return number, f"line {number} is {_shown(theirs)}, not {_shown(own)}"


def _shown(line: str | None) -> str:
    if line is None:
        return "the end"
    text = line.rstrip("\r\n")
    return f"'{text}'" if len(text) <= _SHORT else f"'{text[:_SHORT]}…'"


def locked_deploy_findings(
    made: Mapping[str, str], locked: LockedDeploy, indexes: LockedIndexes, sources: PackageSources
) -> Iterator[Finding]:
    """Each file that is made anew and has not the digest in the lock, where indexes stand by their aliases."""
    pairs = [
        *([(sources.index_url, indexes.index)] if sources.index_url else []),
        *zip(sources.extra_index_urls, indexes.extra, strict=False),
        *zip(sources.find_links, indexes.find_links, strict=False),
    ]
    for path in sorted({*made, *locked.files})[: 2 * _MOST]:
        text = made.get(path)
        for url, alias in pairs if text is not None else ():
            text = text.replace(url, f"alias:{alias}") if text else text
        if (None if text is None else sha256(text.encode())) != locked.files.get(path):
            sentence = f"the lock makes another {DEPLOY}/{path} than the one whose digest it holds"
            yield Finding(RULE, Verdict.CHANGED, f"{in_run(LOCK)} {DEPLOY}/{path}", sentence, in_run(LOCK))
