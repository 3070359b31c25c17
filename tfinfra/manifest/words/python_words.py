"""Messages in the words of Python: an estimator's arguments have no lines, no keys and no indentation.

Rules write for YAML, where most manifests are. What they quote of it (`worker_count: 2`) is turned here, at the one
place where messages leave for a Python caller, so that no rule has to know who asks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from tfinfra.errors import Diagnostic
from tfinfra.manifest.described import Rules
from tfinfra.manifest.key_schema import LIMITS, MANIFEST, SPELLINGS, TARGET

_NESTED: dict[str, Rules] = {**TARGET, **LIMITS, **MANIFEST["inputs"]["valuesrules"]["schema"]}
_KEYS: dict[str, Rules] = {**_NESTED, **{other: MANIFEST[key] for other, key in SPELLINGS.items()}, **MANIFEST}
_FREE_TEXT = {"name", "path", "url", "store", "zone", "image", "location", "cloud"}
"""Keys that are words of English: outside of backticks they count as keys where the value is none."""
_VALUE = r"\[[^\]\n]*\]|\{(?:[^{}\n]|\{[^{}\n]*\})*\}|-m [\w.<>…]+|\"[^\"\n]*\"|[^\s,;)`]*[^\s,;)`:.]|…"
_NAMES = "|".join(sorted(_KEYS, key=len, reverse=True))
_QUOTED = re.compile(rf"`({_NAMES}): ?({_VALUE})?`")
_WRITTEN = re.compile(rf"(?<![\w'\"$.-])({_NAMES}): ({_VALUE})((?:, \w+\b(?!:))*(?:,? or \w+\b(?!:))*)")
_PATH = re.compile(rf"'({'|'.join(MANIFEST)})((?:\.[^'\n]+|\[\d+\])+)'|\b(limits|compute_target)(\.(?:{_NAMES})\b)")
_WORDS = {
    "write one flag a line below it: ": "write a dict: ",
    "remove the key": "remove the argument",
    "without the key": "without the argument",
    "unknown key": "unknown argument",
    "no key of a manifest": "no argument",
    "a mapping": "a dict",
    "true or false without quotes": "True or False",
    "true or false": "True or False",
    "beside the manifest": "in the current folder",
    "relative to the manifest": "relative to the current folder",
    "of the manifest": "of the arguments",
    "put it in quotes": "write it as text: str() makes it",
    "write it as JSON in single quotes, '{\"a\": 1}'": "write it as text: json.dumps() makes it",
    "write one text, in quotes where it holds a comma": "write one text",
    "write local, a name of": "write 'local', a name of",
    "30m, 24h, 7d, or a number": "'30m', '24h', '7d', or a number",
    "a duration, for example 24h": "a duration, for example '24h'",
    "or --rehearse it": "or rehearse it: submit(est, rehearse=True)",
    "`tfinfra up --locked`": "write submit(est, locked='train.lock.yaml')",
}
_ALONE = re.compile(r"write (\S+) without quotes|write ([^\n]+) without brackets|write (true|false|null)\b(?! or)")
"""A value that a hint writes for itself: what quotes and brackets are in YAML, its type is here."""
_BARE = re.compile(r"`(--?[\w.-]+):` alone")
_MAPPING = re.compile(r"(?<![$=\w])\{((?:--?)?[A-Za-z][\w-]*: [^{}'\n]+)\}")


def in_python(found: Diagnostic) -> Diagnostic:
    """The diagnostic for a Python caller. One that points into a YAML file (compute_targets.yaml) stays as it is."""
    if found.position is not None and found.position.file.endswith((".yaml", ".yml")):
        return found
    hint = python_text(found.hint) if found.hint else None
    if found.code == "TFI202" and re.fullmatch(r"inputs(\.[^.]*)?", found.path):
        one = "{'path': './data'} or {'url': 'https://…'}"
        hint = f"write {one}" if "." in found.path else f"write inputs={{'data': {one}}}"
    return replace(found, message=python_text(found.message), path=python_path(found.path), hint=hint)


def python_path(path: str) -> str:
    """ "script_params.--lr" as it is reached in Python: script_params['--lr']."""
    key, rest = re.match(r"(\w*)(.*)", path, re.DOTALL).groups()  # type: ignore[union-attr]  # it always matches
    if not rest or key not in MANIFEST:
        return path
    if key in ("script_params", "environment_variables", "tags") and rest.startswith("."):
        name, index = re.fullmatch(r"\.(.*?)((?:\[\d+\])*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
        return f"{key}[{name!r}]{index}"
    return key + re.sub(r"\.([^.\[\]]+)", lambda part: f"[{part[1]!r}]", rest)


def python_text(text: str) -> str:
    """A message or a hint with what it quotes of YAML as arguments."""
    for yaml, python in _WORDS.items():
        text = text.replace(yaml, python)
    text = _ALONE.sub(_alone, text)
    text = _BARE.sub(lambda found: f"{found[1]!r}: None", text)
    text = re.sub(r"(^|write )delete, or (?=\{hold)", r"\1'delete' or ", text)
    text = _PATH.sub(lambda found: python_path("".join(part or "" for part in found.groups())), text)
    text = _QUOTED.sub(lambda found: _assigned(found[1], found[2] or "…"), text)
    text = _WRITTEN.sub(_unquoted, text)
    text = re.sub(r"\bwrite (\[[^\]\n]+\])", lambda found: f"write {_literal(found[1], {})}", text)
    text = re.sub(r"\bis (true|false|null)\b", lambda found: f"is {_literal(found[1], {})}", text)
    text = _MAPPING.sub(lambda found: _literal(found[0], {}), text)
    return text.replace("write a list: [a, b]", "write a list: ['a', 'b']")


def _alone(found: re.Match[str]) -> str:
    value = _literal(next(part for part in found.groups() if part), {})
    return f"write {value}, a number" if found[1] and value.isdigit() else f"write {value}"


def _unquoted(found: re.Match[str]) -> str:
    """`key: value` in the midst of a sentence, where it is one: "max_cost_usd: nothing has a price" is a sentence."""
    key, value, more = found.groups()
    before = found.string[: found.start()]
    if before.count("{") > before.count("}"):  # a key in braces, which are turned as a whole
        return found[0]
    fits = ":" in value if key in _FREE_TEXT else _fits(value, _KEYS[key], at_start=found.start() == 0)
    if not fits:
        return found[0]
    allowed = _KEYS[key].get("allowed", ())
    more = re.sub(r"\w+", lambda word: repr(word[0]) if word[0] in allowed else word[0], more)
    return _assigned(key, value) + more


def _fits(value: str, rules: Rules, *, at_start: bool) -> bool:
    """Whether `value` is one of the key's, or the next word of a sentence."""
    if value[0] in '[{"…<-':
        return True
    if "allowed" in rules:
        return value.lower() in rules["allowed"]
    if "text_regex" in rules:
        return re.fullmatch(rules["text_regex"], value) is not None
    kinds: Mapping[str, str] = {"integer": r"[\d,]+", "number": r"[\d.]+", "boolean": "true|false"}
    form = kinds.get(rules["type"]) if isinstance(rules["type"], str) else None
    return re.fullmatch(form, value) is not None if form else not at_start


def _assigned(key: str, value: str) -> str:
    rules = _KEYS[key]
    literal = _literal(value, rules)
    if rules["type"] == "list" and literal[0] not in "[…":
        literal = f"[{literal}]"
    return f"{key}={literal}" if key in MANIFEST or key in SPELLINGS else f"'{key}': {literal}"


def _literal(value: str, rules: Rules) -> str:
    """A YAML value in flow style as Python writes it."""
    value = value.strip()
    if value.startswith("["):
        return f"[{', '.join(_literal(item, {}) for item in value[1:-1].split(', ') if item)}]"
    if value.startswith("{"):
        pairs = (pair.partition(": ") for pair in re.split(r", (?=[\w-]+: )", value[1:-1]))
        return f"{{{', '.join(f'{key!r}: {_literal(inner or chr(8230), {})}' for key, _, inner in pairs)}}}"
    plain = {"true": "True", "false": "False", "null": "None", "…": "…"}.get(value)
    if plain:
        return plain
    if re.fullmatch(r"\d+", value) and "text_regex" not in rules:
        return value
    return repr(value.strip("\"'"))
