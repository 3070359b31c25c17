"""The shapes of secrets in free text: keys, tokens and passwords, in the notations in which services and people write
them down. Pure.

A pattern's group `secret` is what is masked, the whole match where it has none. Sources of the shapes:
docs.github.com/code-security/secret-scanning/introduction/supported-secret-scanning-patterns,
learn.microsoft.com/purview/sit-defn-azure-ad-client-secret, RFC 7468 (PEM), RFC 7519 (JSON Web Tokens).
"""

from __future__ import annotations

import re

MASK = "***"
_QUOTE = r"\\*[\"']"
_NAMES = r"pass(?:word|wd|phrase)|pwd|secret|(?:api|access|account|private|storage)[_-]?key"
_ENDS = r"[^&\s\"'<>\\;,]"
_FOLDED = r"(?:\\+[rn]|\s)+(?=[\w.-]{20})"  # a log or a mail wraps a token at its width

_OVER_LINES = (
    re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL),
    re.compile(rf"eyJ[\w-]{{6,}}(?:(?:\.|{_FOLDED})[\w-]*)*"),  # JSON in Base64: a JSON Web Token begins with it
)
_NAMED = (
    re.compile(r"(?<=Bearer )[\w.~+/=-]{8,}", re.IGNORECASE),
    re.compile(
        rf"authorization(?:{_QUOTE})?\s*[:=]\s*(?:{_QUOTE})?(?:(?:basic|digest|negotiate|sharedkey)\s+)(?P<secret>{_ENDS}+)",
        re.IGNORECASE,
    ),
    re.compile(r"(?<=sig%3D)[^&\s\"'<>\\]+?(?=%26|[&\s\"'<>\\]|$)", re.IGNORECASE),
    re.compile(r"(?<=://)[^/\s\"'@]+(?=@)"),
    # name=value and "name": "value", where the name says that it is secret
    re.compile(
        rf"(?:{_NAMES}|token|credential|signature|SharedAccessKey|\bsig)(?:{_QUOTE})?\s*=\s*"
        rf"(?:{_QUOTE}(?P<quoted>[^\"'\\]+)|(?P<secret>{_ENDS}+))",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:{_NAMES}|token|credential){_QUOTE}\s*:\s*{_QUOTE}(?P<secret>[^\"'\\]+)", re.IGNORECASE),
    re.compile(rf"(?:{_NAMES})\s*:\s+(?P<secret>{_ENDS}+)", re.IGNORECASE),
)
"""What a name, a scheme or a place before it tells to be secret."""
_TELLING = (*("pass", "pwd", "secret", "key", "token", "credential", "sig", "bearer", "authorization", "://"),)
_ALWAYS = (
    re.compile(r"\b(?:gh[pousr]_|github_pat_|glpat-|hf_|npm_|pypi-|sk-|xox[abprs]-|dapi)[\w-]{16,}"),
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"(?<![\w~.-])[\w~.-]{3}\dQ~[\w~.-]{31,34}(?![\w~.-])"),  # a client secret of Entra
    re.compile(r"(?<![\w+/])(?:[\w+/]{86}==|[\w+/]{43}=)(?![\w+/=])"),  # keys and signatures of Azure Storage
)


def masked(text: str) -> str:
    """`text` with every secret that its shape shows as ***."""
    for pattern in _OVER_LINES:
        text = pattern.sub(MASK, text)
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        lower = line.lower()
        for pattern in (*_ALWAYS, *(_NAMED if any(word in lower for word in _TELLING) else ())):
            lines[number] = pattern.sub(_mask, lines[number])
    return "".join(lines)


def _mask(found: re.Match[str]) -> str:
    groups = found.groupdict()
    name = next((name for name in ("quoted", "secret") if groups.get(name)), None)
    if name is None:
        return MASK
    start, end = found.start(name) - found.start(), found.end(name) - found.start()
    return found[0][:start] + MASK + found[0][end:]
