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
    """How long the plugin waits. Once `stopped`, it waits no more."""

    pace: float = 1.0
    stopped: threading.Event = field(default_factory=threading.Event)
    sleep: Callable[[float], None] | None = None

    def wait(self, seconds: float) -> None:
        """Waits in full, as an answer's Retry-After asks."""
        if self.sleep is not None:
            self.sleep(seconds)
        else:
            self.stopped.wait(seconds)

    def wait_paced(self, seconds: float) -> None:
        """Waits what the provider waits of its own accord, times `pace` (1.0 is the provider's own time)."""
        self.wait(seconds * self.pace)

    def wait_for(self, response: HttpResponse | None, own: float) -> None:
        """Waits what the response asks for, else `own` seconds, paced (a Retry-After of 0 asks for nothing)."""
        asked = retry_after(response)
        if asked > 0:
            self.wait(asked)
        else:
            self.wait_paced(own)


def retry_after(response: HttpResponse | None) -> float:
    """Seconds that the response asks to wait, 0 where it asks for none; ARM sends whole seconds, never a date."""
    text = response.headers.get("retry-after", "0") if response else "0"
    return float(text) if text.replace(".", "", 1).isdigit() else 0.0


@dataclass
class Pipeline:
    """Requests to `endpoint` (no trailing slash), each sent by `send`."""

    endpoint: str
    send: Sender
    pacing: Pacing = field(default_factory=Pacing)

    def url(self, path: str, api_version: str) -> str:
        return f"{self.endpoint}{path}?api-version={api_version}"

    def do(self, request: HttpRequest) -> HttpResponse:
        """The response, whatever its status. Raises ProviderError where none comes, or a registration fails.

        A 409 that says that the subscription is not registered is answered by registering the provider, as azcore does.
        """
        namespace = ""
        for _ in range(REGISTRATIONS):
            response = self._repeated(request)
            if response.status != 409 or error_code(response).lower() != UNREGISTERED.lower():
                return response
            error = response.body.get("error") if isinstance(response.body, dict) else None
            details = error.get("details") if isinstance(error, dict) else None
            if not details:
                raise ProviderError("unexpected empty Details")
            namespace = str(details[0].get("target", ""))
            parts = urlsplit(request.url).path.split("/")
            self._register(parts[parts.index("subscriptions") + 1], namespace)
        raise ProviderError(f"exceeded attempts to register {namespace}")

    def _repeated(self, request: HttpRequest) -> HttpResponse:
        """The first response that does not pass by itself, or the last one (azcore's runtime/policy_retry.go)."""
        for repeat in range(REPEATS + 1):
            response, lost = None, None
            try:
                response = self.send(request)
            except NoResponse as error:
                lost = error
            if response is not None:
                is_busy = response.status == 409 and error_code(response) == BUSY
                if response.status not in REPEATED and not is_busy:
                    return response
            if repeat == REPEATS or retry_after(response) > LONGEST_DELAY or self.pacing.stopped.is_set():
                if response is not None:
                    return response
                raise ProviderError(str(lost)) from lost
            # azcore doubles, and varies by 0.8 to 1.3, so that clients do not come back together.
            spread = 0.8 + random.random() / 2  # noqa: S311 - a pause is no secret
            delay = min(float(2 ** (repeat + 1) - 1) * FIRST_DELAY * spread, LONGEST_DELAY)
            self.pacing.wait_for(response, delay)
        raise AssertionError("the last repeat returns or raises")

    def _register(self, subscription: str, namespace: str) -> None:
        path = f"/subscriptions/{subscription}/providers/{namespace}"
        self._succeed("POST", f"{path}/register")
        for _ in range(int(REGISTRATION_LIMIT / REGISTRATION_LOOK)):
            body = self._succeed("GET", path).body
            if isinstance(body, dict) and str(body.get("registrationState")).lower() == "registered":
                return
            self.pacing.wait_paced(REGISTRATION_LOOK)
        raise ProviderError("context deadline exceeded")

    def _succeed(self, method: str, path: str) -> HttpResponse:
        request = HttpRequest(method, self.url(path, REGISTRATION_VERSION))
        response = self._repeated(request)
        if response.status != 200:
            raise AzcoreError(request, response)
        return response
