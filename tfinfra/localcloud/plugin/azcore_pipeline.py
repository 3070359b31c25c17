"""What azcore does around each request of the provider: it repeats what passes, and registers providers."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tfinfra.localcloud.plugin.provider_errors import AzcoreError, ProviderError, error_code
from tfinfra.localcloud.plugin.transport import HttpRequest, HttpResponse, NoResponse, Sender

# provider/pkg/azure/client_azcore.go, initPipelineOpts: three repeats after about 20, 60 and 120 s
REPEATED = frozenset({408, 429, 500, 502, 503, 504})
BUSY = "AnotherOperationInProgress"
REPEATS = 3
FIRST_DELAY, LONGEST_DELAY = 20.0, 120.0
# azcore's arm/runtime/policy_register_rp.go
UNREGISTERED = "MissingSubscriptionRegistration"
REGISTRATIONS = 3
REGISTRATION_LOOK, REGISTRATION_LIMIT = 15.0, 300.0
REGISTRATION_VERSION = "2019-05-01"


@dataclass
class Pacing:
    """How long the plugin waits. `pace` scales what the provider waits of its own accord (1.0 is the provider's own
    time); what an answer asks for in Retry-After is waited in full. Once `stopped`, nothing is waited for."""

    pace: float = 1.0
    stopped: threading.Event = field(default_factory=threading.Event)
    sleep: Callable[[float], None] | None = None

    def own(self, seconds: float) -> None:
        self.asked(seconds * self.pace)

    def asked(self, seconds: float) -> None:
        if self.sleep is not None:
            self.sleep(seconds)
        else:
            self.stopped.wait(seconds)


@dataclass
class Pipeline:
    """Requests to `endpoint` (no trailing slash). `send` is the wire."""

    endpoint: str
    send: Sender
    pacing: Pacing = field(default_factory=Pacing)

    def url(self, path: str, api_version: str) -> str:
        return f"{self.endpoint}{path}?api-version={api_version}"

    def do(self, request: HttpRequest) -> HttpResponse:
        """The answer, whatever its status. Raises ProviderError where nobody answers, or a registration fails.

        A 409 that says that the subscription is not registered is answered by registering the provider, as azcore does.
        """
        namespace = ""
        for _ in range(REGISTRATIONS):
            answer = self._repeated(request)
            if answer.status != 409 or error_code(answer).lower() != UNREGISTERED.lower():
                return answer
            namespace = _namespace(answer)
            self._register(_subscription(request), namespace)
        raise ProviderError(f"exceeded attempts to register {namespace}")

    def _repeated(self, request: HttpRequest) -> HttpResponse:
        """The first answer that does not pass by itself, or the last one (azcore's runtime/policy_retry.go)."""
        for repeat in range(REPEATS + 1):
            answer, lost = self._once(request)
            if answer is not None and not _passes(answer):
                return answer
            asked = retry_after(answer)
            last = repeat == REPEATS or asked > LONGEST_DELAY or self.pacing.stopped.is_set()
            if last and answer is not None:
                return answer
            if last:
                raise ProviderError(str(lost)) from lost
            if asked > 0:
                self.pacing.asked(asked)
            else:
                self.pacing.own(_delay(repeat))
        raise AssertionError("the last repeat returns or raises")

    def _once(self, request: HttpRequest) -> tuple[HttpResponse | None, NoResponse | None]:
        try:
            return self.send(request), None
        except NoResponse as error:
            return None, error

    def _register(self, subscription: str, namespace: str) -> None:
        path = f"/subscriptions/{subscription}/providers/{namespace}"
        self._asked("POST", f"{path}/register")
        for _ in range(int(REGISTRATION_LIMIT / REGISTRATION_LOOK)):
            body = self._asked("GET", path).body
            if isinstance(body, dict) and str(body.get("registrationState")).lower() == "registered":
                return
            self.pacing.own(REGISTRATION_LOOK)
        raise ProviderError("context deadline exceeded")

    def _asked(self, method: str, path: str) -> HttpResponse:
        request = HttpRequest(method, self.url(path, REGISTRATION_VERSION))
        answer = self._repeated(request)
        if answer.status != 200:
            raise AzcoreError(request, answer)
        return answer


def retry_after(answer: HttpResponse | None) -> float:
    """Seconds that the answer asks to wait, 0 where it asks for none; ARM sends whole seconds, never a date."""
    text = answer.headers.get("retry-after", "0") if answer else "0"
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0


def _passes(answer: HttpResponse) -> bool:
    return answer.status in REPEATED or (answer.status == 409 and error_code(answer) == BUSY)


def _delay(repeat: int) -> float:
    """About 20, 60 and 120 s: azcore doubles, and varies by 0.8 to 1.3, so that clients do not come back together."""
    spread = 0.8 + random.random() / 2  # noqa: S311 - a pause is no secret
    return min(float(2 ** (repeat + 1) - 1) * FIRST_DELAY * spread, LONGEST_DELAY)


def _namespace(answer: HttpResponse) -> str:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    if not details:
        raise ProviderError("unexpected empty Details")
    return str(details[0].get("target", ""))


def _subscription(request: HttpRequest) -> str:
    parts = urlsplit(request.url).path.split("/")
    return parts[parts.index("subscriptions") + 1]
