"""The sentences in which azure-native gives ARM's errors, read back into a status, a code and ARM's own words.

They are those of pulumi-azure-native 3.29 (provider/pkg/azure/client_azcore.go, provider/pkg/provider/crud/crud.go and
provider.go), of azcore beneath it (sdk/azcore/internal/exported/response_error.go), of azidentity and MSAL, of Go's own
network errors, and of the autorest that older recordings have. A text may hold several, one wrapped by the other: the
last one is the cause.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tfinfra.arm.error_bodies import plain, read_error
from tfinfra.arm.sign_in_advice import AGAIN, entra_sentence, first_sentence, way_in

_EXISTS = "CannotCreateAlreadyExisting"
"""The code, ours, of a resource that azure-native found where it was to make it. ARM's answer to its look was 200."""
_UNTRUSTED = "CertificateNotTrusted"
"""The code, ours, of an endpoint whose certificate this machine does not trust."""
_TIMED_OUT = "OperationTimedOut"
"""The code, ours, of an operation of ARM's that the provider stopped waiting for."""
UNREAD = "OutputNotRead"
"""The code, ours, of a resource that was made, and whose outputs the provider could not read."""
_OURS = (_EXISTS, _UNTRUSTED, _TIMED_OUT, UNREAD)


@dataclass(frozen=True)
class CloudAnswer:
    """`status` is that of ARM's answer, 0 where none came; `code` and `said` are ARM's code and message. `entra`: it
    was the sign-in that failed."""

    status: int
    code: str | None
    said: str
    entra: bool = False

    @property
    def of_credentials(self) -> bool:
        """Entra may also be out of reach, or overloaded: that passes."""
        return self.status == 401 or (self.entra and self.status < 429)

    @property
    def words(self) -> str:
        """What a person reads. Entra's description goes on for a page: its first sentence says it."""
        if self.entra:
            return entra_sentence(self.said) or first_sentence(self.said)
        return f"{self.code}: {self.said}" if self.code and self.code not in _OURS else self.said

    @property
    def sign_in(self) -> str:
        """How to sign in so that it is accepted."""
        return way_in(self.said, f"{AGAIN}, or look at AZURE_TENANT_ID, AZURE_CLIENT_ID and what they are used with")


_Found = tuple[int, CloudAnswer]
_RULE = r"-{8,}"


def read_answer(text: str) -> CloudAnswer | None:
    """What ARM, or Entra, says in a message of the provider's; None where neither has a part in it."""
    found = [one for notation in _NOTATIONS for one in notation(text)]
    if found:
        return max(found, key=lambda one: one[0])[1]
    return _sign_in(text) or _not_read(text) or _silence(text)


# The provider's own


_SHORT = re.compile(r'(?:Status=(?P<status>\d+|<nil>)\s+)(?:Code="(?P<code>[^"]*)"\s+)?Message="')
_OLD = re.compile(r'(?:StatusCode=(?P<status>\d+) -- Original Error: )?(?<!\d )Code="(?P<code>[^"]*)"\s+Message="')
_ATTRIBUTES = re.compile(r'"\s+(?:Target|Details|InnerError|AdditionalInfo)=')


_READING = re.compile(r"but read failed [^\n]{0,120}\Z")


def _short(text: str) -> Iterator[_Found]:
    """`Status=409 Code="…" Message="…"`, and autorest's `Code="…" Message="…"` for an operation that failed: its
    status is 200. The message is the whole body where that has no `error.message`. The last one counts, but for a look
    that failed after a write that had failed."""
    heads = sorted([*_SHORT.finditer(text), *_OLD.finditer(text)], key=lambda m: m.end())
    causes = [head for head in heads if not _READING.search(text[: head.start()])] or heads
    for head in causes[-1:]:
        following = [other.start() for other in heads if other.start() >= head.end()]
        rest = text[head.end() : min(following, default=len(text))]
        attributes = _ATTRIBUTES.search(rest)
        end = attributes.start() if attributes else rest.rfind('"')
        said = _unquoted(rest[:end] if end >= 0 else rest)
        known = (head["status"] or "").isdigit() and not (head.re is _OLD and int(head["status"]) == 0)
        status = int(head["status"]) if known else 200  # autorest's 0 is of a long operation, which ARM did answer
        yield head.end(), _answer(status, said.strip(), head["code"] or None, _details(rest))


def _unquoted(said: str) -> str:
    """The message without Go's quoting (%q), in which autorest writes it and azure-native does not: a quotation mark
    stands there behind a backslash, and only there."""
    if '\\"' not in said or re.search(r'(?<!\\)"', said):
        return said
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), said)


def _details(rest: str) -> list[Any]:
    """autorest's `Details=[…]`, where it is whole."""
    found = re.search(r"\sDetails=(?=\[)", rest)
    try:
        details = json.JSONDecoder().raw_decode(rest, found.end())[0] if found else []
    except ValueError:
        return []
    return details if isinstance(details, list) else []


_CHECK = re.compile(
    r"cannot check existence of resource '[^']*': status code (?P<status>\d+),\s*(?P<body>.*)", re.DOTALL
)


def _check(text: str) -> Iterator[_Found]:
    """The look before each create (CanCreate), where it is answered by neither 200 nor 404."""
    for found in _CHECK.finditer(text):
        yield found.end("status"), _answer(int(found["status"]), found["body"].strip(), None)


_THERE = re.compile(r"cannot create already existing (?:sub)?resource ['\"]?(?P<id>/[^'\"\s]+)")


def _there(text: str) -> Iterator[_Found]:
    """The look before a create found the resource: after a write that took effect although it seemed to fail."""
    for found in _THERE.finditer(text):
        yield found.end(), CloudAnswer(200, _EXISTS, f"{found['id']} is there already")


_UNEXPECTED = re.compile(
    r"unexpected response from Azure: '(?P<body>.*)', HTTP status: (?P<status>\d+)(?P<reason>[^\n]*)", re.DOTALL
)


def _unexpected(text: str) -> Iterator[_Found]:
    """An answer that is no JSON where it had to be (handleAzCoreResponseError)."""
    for found in _UNEXPECTED.finditer(text):
        body = found["body"].strip() or f"{found['status']}{found['reason']}"
        yield found.end(), _answer(int(found["status"]), body, None)


# azcore's, azidentity's and MSAL's


_LONG = re.compile(
    rf"RESPONSE (?P<status>\d{{3}})(?:[: ][ \t]*(?P<reason>[^\n]*?))?\s*"
    rf"(?:ERROR CODE(?:: (?P<code>\S+)| UNAVAILABLE)\s*)?{_RULE}\s*(?P<body>.*?)\s*(?={_RULE}|\Z)",
    re.DOTALL,
)
_CALL = re.compile(r"[A-Z]+ (?P<url>https?://\S+)\s+" + _RULE + r"\s*\Z")


def _long(text: str) -> Iterator[_Found]:
    """`POST <url> ---- RESPONSE 403: 403 Forbidden ERROR CODE: … ---- {…} ----`: of what is no JSON, of a registration
    that was refused, of Entra's answers (azidentity)."""
    for found in _LONG.finditer(text):
        call = _CALL.search(text[: found.start()])
        bare = not found["body"] or found["body"].startswith("Response contained no body")
        body = (found["reason"] or "").strip() if bare else found["body"]
        answer = _answer(int(found["status"]), body, found["code"])
        host = call["url"].split("/")[2] if call else ""
        yield found.end("status"), replace(answer, entra=answer.entra or host.startswith(("login.", "sts.")))


_REPLY = re.compile(r"reply status code was (?P<status>\d{3}):\s*(?P<body>\{.*?\})\s*(?:\n|\Z)", re.DOTALL)


def _reply(text: str) -> Iterator[_Found]:
    """MSAL's own words for an answer of Entra's (crc-org/crc#4377)."""
    for found in _REPLY.finditer(text):
        yield found.end("status"), replace(_answer(int(found["status"]), found["body"], None), entra=True)


_NOTATIONS: tuple[Callable[[str], Iterator[_Found]], ...] = (_short, _check, _there, _unexpected, _long, _reply)


def _answer(status: int, body: str, code: str | None, details: list[Any] | None = None) -> CloudAnswer:
    """The answer with what its body says; a body of HTML has a title. `details` are those of a message without one."""
    error = read_error(body)
    if error is None and details:
        error = read_error({"error": {"code": code, "message": body, "details": details}})
    if error is None:
        return CloudAnswer(status, code, plain(body) or f"HTTP status {status}")
    cause = error.decisive
    of_entra = cause.message.startswith("AADSTS")
    return CloudAnswer(status, cause.code or code, cause.message or cause.words, of_entra)


# What is no answer


_ENTRA = re.compile(r"AADSTS\d+:[^\n]*")
_CREDENTIAL = re.compile(
    r"[^\n]*\b[A-Z]\w*Credential(?: authentication failed\b|: )[^\n]*|[^\n]*(?:az login|Azure CLI not found)[^\n]*"
)
_MUST = re.compile(r"[^\n]*must be configured when authenticating[^\n]*|[^\n]*GitHub OIDC: [^\n]*")


def _sign_in(text: str) -> CloudAnswer | None:
    """A credential that gave no token (azidentity), or cannot be made (auth_azidentity.go)."""
    found = _ENTRA.search(text) or _MUST.search(text) or _CREDENTIAL.search(text)
    if found is None:
        return None
    return CloudAnswer(0, None, found[0].strip().removeprefix("error:").strip(), entra=True)


_EMPTY = re.compile(r"Azure has not told [^\n]*?(?=\. Begin again|\n|\Z)")


def _not_read(text: str) -> CloudAnswer | None:
    """A read that failed right after a good create leaves the program an output of None (provider.go, readAfterWrite,
    only warns); it says so itself (stacks/told.py)."""
    found = _EMPTY.search(text)
    return CloudAnswer(200, UNREAD, found[0]) if found else None


_CALLED = re.compile(r'\b(?:Get|Put|Post|Head|Delete|Patch) "?(?P<url>https?://[^"\s]+)"?: (?P<why>[^\n]+)')
_BROKEN = re.compile(
    r"(?:dial|read|write) (?:tcp|udp)\b[^\n]*|(?:unexpected )?\bEOF\b|net/http: [^\n]*|http2: [^\n]*"
    r"|proxyconnect [^\n]*|i/o timeout|connection (?:reset|refused)[^\n]*|no such host[^\n]*|TLS handshake [^\n]*"
)
_CERTIFICATE = re.compile(r"(?:tls: failed to verify certificate: )?x509: [^\n]*")
_LATE = re.compile(r"operation timed out|context deadline exceeded")


def _silence(text: str) -> CloudAnswer | None:
    """No answer came: Go's own network errors, with the host that was asked."""
    called = _CALLED.search(text)
    host = called["url"].split("/")[2] if called else "ARM"
    certificate = _CERTIFICATE.search(text)
    if certificate:
        return CloudAnswer(0, _UNTRUSTED, f"the certificate of {host} is not trusted here: {certificate[0]}")
    if called or _BROKEN.search(text):
        broken = _BROKEN.search(text)
        why = called["why"] if called else broken[0] if broken else ""
        return CloudAnswer(0, None, f"{host} did not answer: {why.strip()}")
    late = _LATE.search(text)
    return CloudAnswer(200, _TIMED_OUT, f"ARM had not finished in time: {late[0]}") if late else None


# Text


def without_count(text: str) -> str:
    """The text without what go-multierror puts before it: "1 error occurred:" and a bullet."""
    return re.sub(r"\A\s*\d+ errors? occurred:\s*\*\s*", "", text)
