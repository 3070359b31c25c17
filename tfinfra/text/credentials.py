"""Credentials where they do not belong: within a URL, or behind a name. What recognises them stands here alone; errors
and diagnostics never carry them (errors.py), the manifest's rules refuse them (compiler/rules/packages/credentials.py).

A URL's own words for who asks: RFC 3986, 3.2.1 (user:password@); a shared access signature of Azure (sig=) and its like
at other stores, and tokens among the query; conda's channels have a token in their path (/t/<token>/).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

MASK = "***"
# Names have a longest length, or a line of a million dots would be read a million times.
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,30}|)://(?P<rest>[^\s'\"<>|`]+)")
_USER = re.compile(r"[^/?#@]*(?:@[^/?#@]*)*@")
_WORDS = (
    r"(?:(?:x-(?:amz|goog|ms)-)?(?:[a-z]+[_-])?(?:sig|signature|token|secret|password|passwd|pwd|credential|jwt|sas"
    r"|authorization|(?:api|access|account|auth|client|functions|master|private|secret|shared|signing|storage"
    r"|subscription)[_-]?key|(?:access|auth)[_-]code)|key|code|auth)"
)
"""A key, a code alone may say who asks; one of something else (sort_key, zip_code) does not."""
_PAIR = r"(?P<value>[^\s/\\@:'\"<>|`]+:[^\s/\\@'\"<>|`]+)(?=@(?!sha\d))"
_MISTYPED = re.compile(rf"(?:\b[A-Za-z][A-Za-z0-9+.-]{{1,30}}:[/\\]{{1,3}}|(?:^|(?<=[\s'\"=,@]))[/\\]{{2}}){_PAIR}")
"""What would be a user and a password, if the URL were one: with one slash, with backslashes, without its scheme."""
_IN_PATH = re.compile(rf"(?<=[/\\]){_PAIR}")
"""What looks like it, and may be a path's name as well: data/run:1@best."""
_QUERY = re.compile(rf"(?<=[?&;#]){_WORDS}=(?P<value>[^&;#\s]+)", re.IGNORECASE)
_PATH_TOKEN = re.compile(r"(?<=/t/)(?P<value>[A-Za-z0-9_-]{6,})(?=/)")
_NAMED = re.compile(r"(?<![\w=<>!~-])(?P<name>[A-Za-z_][A-Za-z0-9_.-]{0,127})=(?!=)(?P<value>.+)")
_GIVEN_TO = re.compile(r"(?<![\w=<>!~-])(?P<name>[A-Z_][A-Z0-9_]{0,127})=(?!=)(?=.)")
_KEYED = re.compile(
    r"\b(?:(?:account|(?:shared_?)?access|storage)_?(?:key|signature)|pass(?:word|wd)|pwd)\s*=(?!=)\s*"
    r"(?P<value>[^;&\s'\"]+)",
    re.IGNORECASE,
)
"""As a connection string has it."""
_SHAPED = re.compile(
    r"(?<![\w-])(?P<value>gh[opsru]_\w{20,255}|github_pat_\w{20,255}|glpat-[\w-]{20,255}|hf_[A-Za-z0-9]{20,255}"
    r"|sk-[\w-]{20,255}|xox[abeprs]-[\w-]{10,255}|A[KS]IA[A-Z0-9]{16}|AIza[\w-]{35}"
    r"|eyJ[\w-]{10,4000}\.eyJ[\w-]{10,4000}\.[\w-]{10,4000}"
    r"|pypi-[\w-]{50,255}|npm_[A-Za-z0-9]{36}|dop_v1_[0-9a-f]{64})(?![\w-])"
    r"|(?P<private>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*)"
)
"""What its own beginning gives away: tokens of GitHub, GitLab, Hugging Face, OpenAI, Slack, PyPI, npm and DigitalOcean,
keys of AWS and Google, a JSON Web Token (RFC 7519, a header that begins with {"), and a private key (RFC 7468)."""
_OPTION = re.compile(
    r"(?<!\S)['\"]?(?:-[A-Za-z]{0,9}u|--(?:proxy-)?user)(?:[= ] *|(?<=u))['\"]?(?P<user>[^\s:'\"]{1,128}:[^\s'\"]+)"
    r"|\b(?:mysql|mariadb|sshpass|7z)[\w-]{0,20}(?= )[^|;&\n]{0,300}? -p *['\"]?(?P<short>[^\s'\"]+)"
    r"|\blogin [^|;&\n]{0,300}?-p[ =] *['\"]?(?P<login>[^\s'\"]+)"
    r"|\b(?:redis-cli [^|;&\n]{0,300}?-a|(?:un)?zip [^|;&\n]{0,300}?-P|ldap[a-z]{3,9} [^|;&\n]{0,300}?-w)"
    r" *['\"]?(?P<other>[^\s'\"]+)"
    r"|\b(?:echo|printf) +(?P<piped>[^|\n]{1,300}?) *\|[^;&\n]{0,200}"
    r"(?:-stdin\b|\bchpasswd|\bpasswd|sudo -S|-with-token|login\b)"
    r"|\bauthorization: *(?:basic|bearer|token) +(?P<header>[^\s'\"]+)|\bbearer +(?P<bearer>[^\s'\"]{20,})",
    re.IGNORECASE,
)
"""What programs of a shell take as a password: curl, mysql, sshpass, docker and az login, redis-cli, zip, LDAP."""
_SCALAR = r"(?:'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\"|[^'\"{}\[\]]+|['\"].*)"
_CALLED_SO = r"(?<![\w-])['\"]?(?:name|key)['\"]?\s{0,9}:\s{0,9}['\"]?(?P<name>[\w.-]{1,128})['\"]?"
_GIVES = r"(?<![\w-])['\"]?value['\"]?\s{0,9}:\s{0,9}"
_PAIRS = (
    re.compile(rf"{_CALLED_SO}\s{{0,9}},\s{{0,9}}{_GIVES}(?P<value>{_SCALAR})"),
    re.compile(
        rf"{_GIVES}(?P<value>'[^']{{0,500}}'|\"[^\"]{{0,500}}\"|[^'\",{{}}\[\]]{{1,500}}),\s{{0,9}}{_CALLED_SO}"
    ),
)
"""A variable as Kubernetes has it: {name: API_KEY, value: …}, in either order."""
_PAIR_NAME = re.compile(rf"\s*(?:-\s+)?{_CALLED_SO}\s*(?:#.*)?")
_PAIR_VALUE = re.compile(rf"(?P<lead>\s*(?:-\s+)?){_GIVES}(?P<value>\S.*)")
_BARE = re.compile(r"(?:^|(?<=['\"\s]))(?P<value>[^\s/\\@:'\"<>|`]+:[^\s/\\@'\"<>|`]+)(?=@(?!sha\d)[\w.-]+[:/])")
_FILE_BY_DIGEST = re.compile(r"[ -]*[\w./ -]{1,250}: sha256:[0-9a-f]{64}(?: executable)?")
"""A line of a lock, which has thousands of them: a digest opens nothing, whatever its file is called."""
_LONG = 2000
_OPENER = (
    r"(?<!(?:pad|eos|bos|cls|sep|unk|max|min|num|per)[_-])(?<!(?:mask|stop|next)[_-])(?<!(?:start|image)[_-])"
    r"(?<!special[_-])token(?!i[sz]|s(?![a-z])|[_-](?:(?:ids?|per|dim|emb|len)(?![a-z])|class|count|drop|embed|freq|ind"
    r"|length|level|limit|mask|merging|mix|norm|pool|proj|shift|size|type))"
    r"|(?:access|api|auth|git(?:hub|lab)|hf|hub|refresh|secret|user)[_-]?tokens"
)
"""A token that opens something, and none of those that a model reads and counts."""
_KEYS = r"(?:access|account|api|encryption|master|private|secret|shared|signing|ssh|storage)[_-]?key"
_CALLED = rf"[\w-]{{0,40}}(?:secr(?!etar)|passw|passphrase|{_OPENER}|{_KEYS}|credential)[\w-]{{0,40}}"
_NO_VALUE = re.compile(r"(?:file|path|dir|folder|name|id|ids|type|kind|url|uri|env|length|size|count)\Z", re.IGNORECASE)
"""What a name ends with that says where a secret is, or of what kind, and not the secret."""
_NOTHING = re.compile(
    r"\s*|none|null|true|false|yes|no|on|off|auto|default|env|basic|bearer|-?\d{1,5}|\$\{.*|(?:/|\.{1,2}/|~/).*"
    r"|.*\.(?:json|ya?ml|txt|pem|key|toml|ini)",
    re.IGNORECASE | re.DOTALL,
)
PLAIN_INDEX = (
    r"https?://[\w.-]{1,253}(?::\d{1,5})?"
    r"(?:/(?:simple|pypi|pypi/simple|root/pypi/\+simple|whl|whl/(?:nightly/)?(?:cpu|cu\d{2,3})))?"
)
"""An index whose path has the usual words alone; in any other a token may stand."""
_SECRETIVE = re.compile(
    rf"(?<![\w-])(?!secrets\b){_CALLED}['\"]?\s*[:=](?![:=])\s*(?P<value>(?!…)\S.*)"
    rf"|(?:--[\w-]{{0,20}}url[= ] *|(?<![\w-])-i[= ]?(?=\S{{3,8}}://))(?!['\"]?{PLAIN_INDEX}/?(?:['\"\s,\]]|$))(?P<index>\S+)"
    r"|--(?:[\w-]{1,40}[_-])?(?:api[_-]?key|token|secret|passw(?:or)?d)[= ] *(?P<flag>[^\s'\",\]}]+)",
    re.IGNORECASE,
)
_NEXT = r"['\"]?[\w.-]{1,128}['\"]?\s*:|\}\s*(?:[,}\]#]|$)"
_FLOW = re.compile(rf"(?:'(?:[^']|'')*'|\"(?:[^\"\\]|\\.)*\")(?=\s*(?:,\s*{_NEXT}))|[^'\"\[{{!&].*?(?=,\s+{_NEXT})")
"""A value within a mapping in braces, up to the next key or the mapping's end."""
_OF_SECRETS = re.compile(rf"(['\"]?){_CALLED}\1\s*:", re.IGNORECASE)
_WORD = re.compile(r"[^\s,\[\]{}'\"=:]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOUTED = re.compile(r"[A-Z_][A-Z0-9_]+")
_SECRET_WORDS = {
    "key",
    "keys",
    "token",
    "secret",
    "secrets",
    "password",
    "passwords",
    "passwd",
    "pwd",
    "pass",
    "passphrase",
}
_SECRET_WORDS |= {"credential", "credentials", "auth", "sas", "pat"}
_SECRET_ENDING = re.compile(r"(?:api|access|secret|private|account)keys?|.*(?:token|secret|passwor[dt]|passwd)")
_COUNTED_WORDS = {
    "max",
    "min",
    "num",
    "pad",
    "eos",
    "bos",
    "cls",
    "sep",
    "unk",
    "mask",
    "special",
    "stop",
    "start",
    "per",
    "next",
}
"""Words before a token that a model reads."""


def names_secret(name: str) -> bool:
    """Whether a name says that its value is a secret: HF_TOKEN, apiKey, --db-password; not max_tokens or tokenizer."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().replace("-", "_").strip("_").split("_")
    if "token" in words and {*words} & _COUNTED_WORDS:
        return False
    return any(
        word.rstrip("0123456789") in _SECRET_WORDS or _SECRET_ENDING.fullmatch(word.rstrip("0123456789"))
        for word in words
    )


def in_value(text: str) -> bool:
    """Whether a value is a secret whatever its name is: of a URL, a connection string, or a token that is known."""
    return in_urls(text) or any(found.search(text) for found in (_KEYED, _SHAPED))


def gives_secret(name: str, value: str) -> bool:
    """Whether `value` may be the very secret that `name` says: --password, WANDB_API_KEY; or is one by its own form.
    Such names are those that `covered` does not show the value of."""
    if in_value(value):
        return True
    bare = name.lstrip("-")
    return bool(re.fullmatch(_CALLED, bare, re.IGNORECASE)) and not (
        _NO_VALUE.search(bare) or _NOTHING.fullmatch(value)
    )


def in_urls(text: str) -> bool:
    """Whether a URL in `text` says who asks."""
    return bool(_spans(text))


def hidden(text: str) -> str:
    """`text` without the credentials in its URLs."""
    return _replaced(text, sorted({*_spans(text), *_loose(text)}), lambda _: MASK)


@lru_cache(maxsize=8)  # a file of one line asks for it at each of its values
def covered(line: str) -> str:
    """A line of a file as it may be shown, each character in its place: without credentials in URLs, and without what
    is given to a name in capitals (NAME=value), as the environment of a shell has it, or to one that says secret."""
    if _FILE_BY_DIGEST.fullmatch(line):
        return line
    named = [found.span("value") for found in _NAMED.finditer(line) if _SHOUTED.fullmatch(found["name"])]
    return _covered(line, named)


def covered_command(line: str) -> str:
    """The same of a command that is shown as what it does: of what is given to names in capitals only where the name
    says secret, and from there on all of it, for a value may have blanks."""
    named = (found.end() for found in _GIVEN_TO.finditer(line) if names_secret(found["name"]))
    return _covered(line, [(begin, len(line)) for begin in named])


def passwords_of_programs(line: str) -> list[tuple[int, int]]:
    """Where in a line of a shell stands what well-known programs take as a password."""
    return [found.span(found.lastgroup or 0) for found in _OPTION.finditer(line)]


def _covered(line: str, named: list[tuple[int, int]]) -> str:
    spans = {*_spans(line), *_loose(line), *named, *_given(line), *_paired(line)}
    return _replaced(line, sorted(spans), lambda size: "*" * size)


def _paired(line: str) -> Iterator[tuple[int, int]]:
    """The values of variables that have their name beside them, where it says that a shell or a secret has it."""
    for pair in _PAIRS if "value" in line else ():
        yield from (found.span("value") for found in pair.finditer(line) if _keeps(found["name"]))


def _keeps(name: str) -> bool:
    return bool(_SHOUTED.fullmatch(name)) or names_secret(name)


def _given(line: str) -> Iterator[tuple[int, int]]:
    """Where it stands what a line gives to names that say secret: the rest of it, or that key's alone in braces."""
    end = depth = 0
    while found := _SECRETIVE.search(line, end):
        value = found.lastgroup or ""
        depth += line.count("{", end, found.start()) - line.count("}", end, found.start())
        begin, end = found.span(value)
        if value == "value" and depth > 0 and (alone := _FLOW.match(line, begin)):
            end = alone.end()
        yield begin, end


def secretive(lines: Sequence[str]) -> dict[int, str]:
    """Of a manifest's lines those, by their index, that belong to `secrets`, or to a key of the outermost mapping that
    sounds like it, as they may be shown: names, where names stand. A word behind a name may be the very value."""
    found: dict[int, str] = {}
    inside = False
    for index, line in enumerate(lines):
        key = _OF_SECRETS.match(line)
        inside = key is not None or (inside and line[:1] in ("", " ", "\t", "-", "#", "]", "}"))
        if inside:
            end = key.end() if key else 0
            found[index] = line[:end] + names_only(line[end:])
    return {**_values_beside(lines), **found}


def _values_beside(lines: Sequence[str]) -> dict[int, str]:
    """The lines with a variable's value, and what goes on below it, whose name is in the line before or after."""
    found: dict[int, str] = {}
    inside: int | None = None
    for index, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if inside is not None and (not line.strip() or indent > inside):
            found[index] = re.sub(r"\S", "*", line)
            continue
        inside = None
        value = _PAIR_VALUE.fullmatch(line) if "value" in line and len(line) <= _LONG else None
        before = lines[max(index - 1, 0) : index] if value and "-" not in value["lead"] else ()
        after = [each for each in lines[index + 1 : index + 2] if value and not each.lstrip().startswith("-")]
        beside = (_PAIR_NAME.fullmatch(each[:_LONG]) for each in (*before, *after))
        if value and any(name and _keeps(name["name"]) for name in beside):
            inside = len(value["lead"])
            found[index] = line[: value.start("value")] + re.sub(r"\S", "*", value["value"])
    return found


def names_only(line: str) -> str:
    """What stands behind `secrets:`, each character in its place: names, but not what is given to one."""

    def shown(word: re.Match[str]) -> str:
        before, after = line[: word.start()].rstrip(" '\"")[-1:], line[word.end() :].lstrip(" '\"")[:1]
        stands = before in ("", "[", "{", ",", "-") and after in ("", "]", "}", ",", "=", ":", "#")
        if word[0] in ("-", "#") or (stands and _NAME.fullmatch(word[0])):
            return word[0]
        return "*" * len(word[0])

    return _WORD.sub(shown, line) if len(line) <= _LONG else re.sub(r"\S", "*", line)


def unnamed(line: str) -> str:
    """The same without what is given to any name."""
    return _replaced(line, [found.span("value") for found in _NAMED.finditer(line)], lambda size: "*" * size)


def only_name(text: str) -> str:
    """What may be said of a text that stands where a name should, and may be a value: its name, where it has one."""
    found = re.match(r"([A-Za-z_][A-Za-z0-9_]*)=(?!=)", text)
    return f"{found[0]}{MASK}" if found else text


def _spans(text: str) -> list[tuple[int, int]]:
    found = [mistyped.span("value") for mistyped in _MISTYPED.finditer(text)] if "@" in text else []
    if "://" not in text:
        return found
    for url in _URL.finditer(text):
        start, rest = url.start("rest"), url["rest"]
        user = _USER.match(rest)
        if user and (":" in user[0] or not url["scheme"].lower().endswith("ssh")):  # ssh has a user, and no password
            found.append((start, start + user.end() - 1))
        for secret in (*_PATH_TOKEN.finditer(rest), *_QUERY.finditer(rest)):
            found.append((start + secret.start("value"), start + secret.end("value")))
    return sorted(found)


def _loose(text: str) -> list[tuple[int, int]]:
    """What is not shown, and refuses nothing."""
    found = [*(_KEYED.finditer(text) if "=" in text else ()), *(_BARE.finditer(text) if "@" in text else ())]
    found += _IN_PATH.finditer(text) if "@" in text else ()
    spans = [each.span("value") for each in found]
    return spans + [each.span(each.lastgroup or 0) for each in _SHAPED.finditer(text)] + passwords_of_programs(text)


def _replaced(text: str, spans: list[tuple[int, int]], by: Callable[[int], str]) -> str:
    parts, last = [], 0
    for begin, end in spans:
        if end > last:
            start = max(begin, last)
            parts += [text[last:start], by(end - start)]
            last = end
    return "".join([*parts, text[last:]])
