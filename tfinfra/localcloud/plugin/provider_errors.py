"""ARM's refusals in the notations of azure-native 3.29, which are all that a caller of the provider sees of them."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tfinfra.localcloud.plugin.transport import HttpRequest, HttpResponse

_RULE = "-" * 80


class ProviderError(Exception):
    """The sentence that the provider ends with. `status` is that of ARM's answer, 0 where there was none."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


class ArmRefusal(ProviderError):
    """ARM's own answer: its HTTP status, its error code and its message.

    Written as `Status=… Code="…" Message="…"` (provider/pkg/azure/client_azcore.go, PulumiAzcoreResponseError).
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        words = f'Code="{code}" Message="{message}"' if code else f'Message="{message}"'
        super().__init__(f"Status={status} {words}", status)
        self.code, self.message = code, message


class AzcoreError(ProviderError):
    """azcore's own notation, which shows where ARM's answer never reached the provider's: what is no JSON, a
    registration that was refused (azcore's internal/exported/response_error.go, ResponseError.Error)."""

    def __init__(self, request: HttpRequest, answer: HttpResponse) -> None:
        super().__init__(_verbose(request, answer), answer.status)


class PartlyCreated(Exception):
    """A long write that ARM took and that failed behind the answer: the engine records what is there. `state` is what
    ARM gives of the resource, None where it could not be read."""

    def __init__(self, sentence: str, id_: str, state: dict[str, Any] | None) -> None:
        super().__init__(sentence)
        self.id, self.state = id_, state


def refusal(request: HttpRequest, answer: HttpResponse) -> ProviderError:
    """ARM's answer in the short notation, in azcore's where it is no JSON object (newResponseError)."""
    if not isinstance(answer.body, dict) or not answer.text:
        return AzcoreError(request, answer)
    error = answer.body.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return ArmRefusal(answer.status, error_code(answer), str(message) if message is not None else answer.text)


def error_code(answer: HttpResponse) -> str:
    """The code, "" where the answer has none: the header's before the body's."""
    header = answer.headers.get("x-ms-error-code")
    if header or not isinstance(answer.body, dict):
        return header or ""
    error = answer.body.get("error", answer.body)
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""


def _verbose(request: HttpRequest, answer: HttpResponse) -> str:
    code = error_code(answer)
    reason = http.client.responses.get(answer.status, "")
    return "\n".join(
        (
            f"{request.method} {request.url.partition('?')[0]}",
            _RULE,
            f"RESPONSE {answer.status}: {answer.status} {reason}",
            f"ERROR CODE: {code}" if code else "ERROR CODE UNAVAILABLE",
            _RULE,
            _indented(answer),
            _RULE,
            "",
        )
    )


def _indented(answer: HttpResponse) -> str:
    if not answer.text:
        return "Response contained no body"
    return answer.text if answer.body is None else json.dumps(answer.body, indent=2, ensure_ascii=False)
