"""ARM's refusals in the notations of azure-native 3.29, which are all that a caller of the provider sees of them."""

from __future__ import annotations

import http.client
import json
from typing import Any

from tfinfra.localcloud.plugin.transport import HttpRequest, HttpResponse

_RULE = "-" * 80


class ProviderError(Exception):
    """The sentence that the provider ends with. `status` is that of ARM's response, 0 where there was none."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status


class ArmProviderError(ProviderError):
    """ARM's own answer: its HTTP status, its error code and its message.

    Written as `Status=… Code="…" Message="…"` (provider/pkg/azure/client_azcore.go, PulumiAzcoreResponseError).
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        words = f'Code="{code}" Message="{message}"' if code else f'Message="{message}"'
        super().__init__(f"Status={status} {words}", status)
        self.code, self.message = code, message


class AzcoreError(ProviderError):
    """azcore's own notation, which shows where ARM's response never reached the provider's: what is no JSON, a
    registration that was refused (azcore's internal/exported/response_error.go, ResponseError.Error)."""

    def __init__(self, request: HttpRequest, response: HttpResponse) -> None:
        code = error_code(response)
        reason = http.client.responses.get(response.status, "")
        content = response.text or "Response contained no body"
        if response.text and response.body is not None:
            content = json.dumps(response.body, indent=2, ensure_ascii=False)
        lines = (
            f"{request.method} {request.url.partition('?')[0]}",
            _RULE,
            f"RESPONSE {response.status}: {response.status} {reason}",
            f"ERROR CODE: {code}" if code else "ERROR CODE UNAVAILABLE",
            _RULE,
            content,
            _RULE,
            "",
        )
        super().__init__("\n".join(lines), response.status)


class PartlyCreated(Exception):
    """A long write that ARM accepted and that failed afterwards: the engine records what exists. `state` is what
    ARM gives of the resource, None where it could not be read."""

    def __init__(self, sentence: str, id_: str, state: dict[str, Any] | None) -> None:
        super().__init__(sentence)
        self.id, self.state = id_, state


def refusal(request: HttpRequest, response: HttpResponse) -> ProviderError:
    """ARM's response in the short notation, in azcore's where it is no JSON object (newResponseError)."""
    if not isinstance(response.body, dict) or not response.text:
        return AzcoreError(request, response)
    error = response.body.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    words = response.text if message is None else str(message)
    return ArmProviderError(response.status, error_code(response), words)


def error_code(response: HttpResponse) -> str:
    """The code, "" where the response has none: the header's before the body's."""
    header = response.headers.get("x-ms-error-code")
    if header or not isinstance(response.body, dict):
        return header or ""
    error = response.body.get("error", response.body)
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""
