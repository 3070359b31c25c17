"""script_params against a script that reads the words of its command line by their number."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.lines.wrong_entries import Words, Wrong, refused, words_of
from tfinfra.compiler.source.command_line.plain_words import PlainWord, last_plain_word
from tfinfra.errors import Diagnostic


def words_that_nobody_gives(facts: Facts) -> Iterator[Diagnostic]:
    """`sys.argv[2]` where script_params make one word: an IndexError on every node."""
    manifest, source = facts.manifest, facts.project.source
    if not manifest.sound("entry_script") or not manifest.sound("script_params") or source.names("argv"):
        return
    if (last := last_plain_word(source.modules, source.reach)) is not None:
        yield from refused(facts, partial(_too_few, last))


def _too_few(last: PlainWord, given: Words) -> Iterator[Wrong]:
    words = len(words_of(given))
    if last.number > words:
        has = "give no word" if not words else "give one word" if words == 1 else f"give {words} words"
        message = f"the script reads sys.argv[{last.number}] ({last.module}:{last.line}), and script_params {has}"
        yield Wrong("", message, "a word alone is written `value:`, a flag's is `--flag: value`")


RULES: tuple[Rule, ...] = (words_that_nobody_gives,)
