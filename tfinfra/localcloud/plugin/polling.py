"""How azcore follows a long-running operation: by Azure-AsyncOperation, by Location, or by the resource itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from tfinfra.localcloud.plugin.azcore_pipeline import Pipeline, retry_after
from tfinfra.localcloud.plugin.provider_errors import ProviderError, refusal
from tfinfra.localcloud.plugin.transport import HttpRequest, HttpResponse

_ENDED = frozenset({"succeeded", "failed", "canceled"})
_FINE = frozenset({200, 201, 202, 204})


@dataclass(frozen=True)
class _PollingMethod(ABC):
    """One way to follow an operation: its state by each response, in lower case, and where to look next."""

    url: str

    def state_at_first(self, response: HttpResponse) -> str:
        return _provisioning(response.body) or "inprogress"

    @abstractmethod
    def state(self, look: HttpResponse) -> str:
        """The operation's state by the response to a look."""

    def next_url(self, look: HttpResponse, url: str) -> str:
        del look
        return url

    def reads_at_last(self, method: str) -> bool:
        """Whether what was made is read from the resource itself once the operation has ended."""
        del method
        return False


class _ByStatus(_PollingMethod):
    """The document at Azure-AsyncOperation (azcore's internal/pollers/async)."""

    def state(self, look: HttpResponse) -> str:
        state = str(look.body.get("status") or "").lower() if isinstance(look.body, dict) else ""
        if not state:
            raise ProviderError("the response did not contain a status")
        return state

    def reads_at_last(self, method: str) -> bool:
        return method == "PUT"


class _ByLocation(_PollingMethod):
    """The address in Location answers 202 until the end; a provisioning state counts before that (…/pollers/loc)."""

    def state(self, look: HttpResponse) -> str:
        return _provisioning(look.body) or ("inprogress" if look.status == 202 else "succeeded")

    def next_url(self, look: HttpResponse, url: str) -> str:
        return look.headers.get("location") or url


class _ByResource(_PollingMethod):
    """The resource's own provisioning state (…/pollers/body)."""

    def state_at_first(self, response: HttpResponse) -> str:
        if response.status in (201, 202):
            return super().state_at_first(response)
        return self.state(response)

    def state(self, look: HttpResponse) -> str:
        return _provisioning(look.body) or "succeeded"


class _Ended(_PollingMethod):
    """A response that announces no operation."""

    def state_at_first(self, response: HttpResponse) -> str:
        del response
        return "succeeded"

    def state(self, look: HttpResponse) -> str:
        return self.state_at_first(look)


@dataclass(frozen=True)
class LongRunningOperation:
    """An operation that `request` began with `response`; `pause` is waited between two looks where ARM asks for none
    (a Retry-After of 0 counts as none)."""

    pipeline: Pipeline
    request: HttpRequest
    response: HttpResponse
    pause: float

    def result(self) -> Any:
        """What the operation made: the body of the last response, once it has ended. Raises ProviderError where it
        failed or was stopped."""
        if (first := retry_after(self.response)) > 0:
            self.pipeline.pacing.wait(first)
        method = self._method()
        request, look, url = self.request, self.response, method.url
        state = method.state_at_first(self.response)
        while state not in _ENDED:
            request, look = self._look(url)
            state, url = method.state(look), method.next_url(look, url)
            if state not in _ENDED:
                self.pipeline.pacing.wait_for(look, self.pause)
        if state != "succeeded":
            raise refusal(request, look)
        return self._look(self.request.url)[1].body if method.reads_at_last(self.request.method) else look.body

    def _method(self) -> _PollingMethod:
        headers = self.response.headers
        if url := headers.get("azure-asyncoperation"):
            return _ByStatus(url)
        if location := headers.get("location"):
            # It may lack the host and the API version (client_azcore.go, normalizeLocationHeader).
            url = urljoin(self.request.url, location)
            if "api-version=" not in urlsplit(url).query:
                version = urlencode({"api-version": self.request.url.rpartition("api-version=")[2]})
                url = f"{url}{'&' if urlsplit(url).query else '?'}{version}"
            return _ByLocation(url)
        if self.request.method == "PUT":
            return _ByResource(self.request.url)
        if self.response.status == 202:
            raise ProviderError("response is missing polling URL")
        return _Ended(self.request.url)

    def _look(self, url: str) -> tuple[HttpRequest, HttpResponse]:
        if self.pipeline.pacing.stopped.is_set():
            raise ProviderError("context canceled")
        request = HttpRequest("GET", url)
        look = self.pipeline.do(request)
        if look.status not in _FINE:
            raise refusal(request, look)
        return request, look


def _provisioning(body: Any) -> str:
    properties = body.get("properties") if isinstance(body, dict) else None
    return str(properties.get("provisioningState") or "").lower() if isinstance(properties, dict) else ""
