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
class _Way(ABC):
    """One way to follow an operation: how it stands by each answer, in lower case, and where to look next."""

    url: str

    def state_at_first(self, answer: HttpResponse) -> str:
        return _provisioning(answer.body) or "inprogress"

    @abstractmethod
    def state(self, look: HttpResponse) -> str:
        """How the operation stands by the answer to a look."""

    def next_url(self, look: HttpResponse, url: str) -> str:
        del look
        return url

    def reads_at_last(self, method: str) -> bool:
        """Whether what was made is read from the resource itself once the operation has ended."""
        del method
        return False


class _ByStatus(_Way):
    """The document at Azure-AsyncOperation (azcore's internal/pollers/async)."""

    def state(self, look: HttpResponse) -> str:
        state = str(look.body.get("status") or "").lower() if isinstance(look.body, dict) else ""
        if not state:
            raise ProviderError("the response did not contain a status")
        return state

    def reads_at_last(self, method: str) -> bool:
        return method == "PUT"


class _ByLocation(_Way):
    """The address in Location answers 202 until the end; a provisioning state counts before that (…/pollers/loc)."""

    def state(self, look: HttpResponse) -> str:
        return _provisioning(look.body) or ("inprogress" if look.status == 202 else "succeeded")

    def next_url(self, look: HttpResponse, url: str) -> str:
        return look.headers.get("location") or url


class _ByResource(_Way):
    """The resource's own provisioning state (…/pollers/body)."""

    def state_at_first(self, answer: HttpResponse) -> str:
        if answer.status in (201, 202):
            return super().state_at_first(answer)
        return self.state(answer)

    def state(self, look: HttpResponse) -> str:
        return _provisioning(look.body) or "succeeded"


class _Ended(_Way):
    """An answer that announces no operation."""

    def state_at_first(self, answer: HttpResponse) -> str:
        del answer
        return "succeeded"

    def state(self, look: HttpResponse) -> str:
        return self.state_at_first(look)


@dataclass(frozen=True)
class LongRunningOperation:
    """An operation that `request` began with `answer`; `pause` is waited between two looks where ARM asks for none
    (a Retry-After of 0 counts as none)."""

    pipeline: Pipeline
    request: HttpRequest
    answer: HttpResponse
    pause: float

    def until_done(self) -> Any:
        """What the operation made: the body of the last answer. Raises ProviderError where it failed or was stopped."""
        first = retry_after(self.answer)
        if first > 0:
            self.pipeline.pacing.asked(first)
        way = self._way()
        request, look, state, url = self.request, self.answer, way.state_at_first(self.answer), way.url
        while state not in _ENDED:
            request, look = self._look(url)
            state, url = way.state(look), way.next_url(look, url)
            if state not in _ENDED:
                self._wait(look)
        if state != "succeeded":
            raise refusal(request, look)
        return self._made(self.request.url) if way.reads_at_last(self.request.method) else look.body

    def _way(self) -> _Way:
        headers = self.answer.headers
        if url := headers.get("azure-asyncoperation"):
            return _ByStatus(url)
        if location := headers.get("location"):
            return _ByLocation(self._absolute(location))
        if self.request.method == "PUT":
            return _ByResource(self.request.url)
        if self.answer.status == 202:
            raise ProviderError("response is missing polling URL")
        return _Ended(self.request.url)

    def _made(self, url: str) -> Any:
        return self._look(url)[1].body

    def _look(self, url: str) -> tuple[HttpRequest, HttpResponse]:
        if self.pipeline.pacing.stopped.is_set():
            raise ProviderError("context canceled")
        request = HttpRequest("GET", url)
        look = self.pipeline.do(request)
        if look.status not in _FINE:
            raise refusal(request, look)
        return request, look

    def _wait(self, look: HttpResponse) -> None:
        asked = retry_after(look)
        if asked > 0:
            self.pipeline.pacing.asked(asked)
        else:
            self.pipeline.pacing.own(self.pause)

    def _absolute(self, location: str) -> str:
        """A Location may lack the host and the API version (client_azcore.go, normalizeLocationHeader)."""
        url = urljoin(self.request.url, location)
        if "api-version=" in urlsplit(url).query:
            return url
        version = urlencode({"api-version": self.request.url.rpartition("api-version=")[2]})
        return f"{url}{'&' if urlsplit(url).query else '?'}{version}"


def _provisioning(body: Any) -> str:
    properties = body.get("properties") if isinstance(body, dict) else None
    return str(properties.get("provisioningState") or "").lower() if isinstance(properties, dict) else ""
