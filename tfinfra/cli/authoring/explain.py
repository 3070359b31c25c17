"""`tfinfra explain WORD`: the long form of an error code or of a rule of an audit; or what a key, an exit code, a
variable or a verb is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tfinfra.cli.completion import all_words, completing
from tfinfra.cli.options import json_option

if TYPE_CHECKING:
    from tfinfra.manifest.codes import Explanation
    from tfinfra.reference.entry import Entry


@click.command(
    help="Explain a code (TFI203, TFA101), a key (worker_count, limits.max_cost_usd), an exit code (11), a variable"
    " (TFINFRA_OUTPUTS) or a verb (up); without a WORD, list all codes.",
)
@click.argument("word", nargs=-1, metavar="[WORD]", shell_complete=completing(all_words))
@json_option
def command(word: tuple[str, ...], as_json: bool) -> None:
    """A word of two parts, such as `catalog sizes`, may be written as two. Raises UsageError for one that nothing
    has."""
    from tfinfra.cli.output import print_document, show

    asked = " ".join(word).strip()
    if not asked and as_json:
        print_document("explain-list", {"codes": _all()})
    elif not asked:
        show(*(f"{found.code}  {found.title}" for found in _all()))
    elif code := next((each for each in _all() if each.code == asked.upper()), None):
        if as_json:
            print_document("explain", code)
        else:
            show(f"{code.code}: {code.title}\n\n{code.text}")
    else:
        found = _entries(asked)
        if as_json:
            print_document("explain-word", {"word": asked, "entries": found})
        else:
            from tfinfra.cli.explaining.text import entry_text

            show("\n\n".join(map(entry_text, found)))


def _entries(word: str) -> tuple[Entry, ...]:
    """Raises UsageError where there is none."""
    from tfinfra.cli.explaining.verbs import verb_entries
    from tfinfra.cli.main import VERBS
    from tfinfra.errors import UsageError
    from tfinfra.manifest.words.spelling_hints import did_you_mean, nearest
    from tfinfra.reference.find import entries, found, told_by_others

    known = entries()
    word = word.removeprefix("tfinfra ")
    every = verb_entries()
    verbs = [each for each in every if f"{each.name} ".startswith(f"{word} ")]
    verbs = verbs or [each for each in every if f"{word} ".startswith(f"{each.name} ")]  # `setup azure`
    if right := (*found(word, known), *verbs):
        return right
    names = dict.fromkeys(
        name for each in known if each.kind != "exit-code" for name in (each.name, each.name.rpartition(".")[2])
    )
    codes = [each.code for each in _all()]
    near = nearest(word.upper().replace("O", "0"), codes) if word[:3].upper() in ("TFI", "TFA") else None
    near = near or nearest(word, [*names, *VERBS]) or nearest(word.upper(), names)
    other = told_by_others(word)  # a whole word of another tool goes before one that is only spelt alike
    hint = other or (did_you_mean(near) if near else "`tfinfra explain` lists codes, `tfinfra --help` verbs")
    raise UsageError(f"nothing is called '{word}' here", hint)


def _all() -> tuple[Explanation, ...]:
    """The codes of diagnostics, then the rules of an audit, each with the exit code of a verb that reports it."""
    from tfinfra.auditing.rule_table import rules
    from tfinfra.errors import DifferenceFound, Severity
    from tfinfra.manifest.codes import Explanation, explanations

    audit = (
        Explanation(rule.code, rule.title, rule.text, DifferenceFound.exit_code, False, rule.severity != Severity.ERROR)
        for rule in rules()
    )
    return (*explanations(), *audit)
