"""ARM as azure-native's client calls it: what is asked before a create, how a write and a deletion are followed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfinfra.localcloud.plugin.azcore_pipeline import Pacing, Pipeline
from tfinfra.localcloud.plugin.polling import LongRunningOperation
from tfinfra.localcloud.plugin.provider_errors import PartlyCreated, ProviderError, refusal
from tfinfra.localcloud.plugin.transport import HttpRequest, Sender, Transport

# provider/pkg/azure/client_azcore.go, NewAzCoreClient: seconds between two looks at a deletion, and at a write
DELETE_PAUSE, WRITE_PAUSE = 30.0, 10.0


class ArmClient:
    """One ARM endpoint. Each method is one of the provider's own calls; all of them raise ProviderError.

    `pacing.pace` scales the provider's own waits; `pacing.stopped` ends them.
    """

    def __init__(self, endpoint: str, send: Sender, pacing: Pacing | None = None) -> None:
        self.pacing = pacing or Pacing()
        self._pipeline = Pipeline(endpoint.rstrip("/"), send, self.pacing)

    def check_absent(self, path: str, api_version: str, method: str = "GET") -> None:
        """What comes before each create (client_azcore.go, CanCreate). Some types can be asked for by HEAD only."""
        answer = self._pipeline.do(self._request(method, path, api_version))
        there = answer.status == 204 if method == "HEAD" else answer.status == 200 and bool(answer.body)
        if there:
            raise ProviderError(f"cannot create already existing resource '{path}'", answer.status)
        if answer.status not in (200, 204, 404):
            sentence = f"cannot check existence of resource '{path}': status code {answer.status}, {answer.text}"
            raise ProviderError(sentence, answer.status)

    def put(self, path: str, api_version: str, body: Any, *, follow: bool = True) -> Any:
        """Writes a resource and returns what the write made; `follow`: the type's writes are long-running, and are
        waited for.

        Raises PartlyCreated where the write was taken and failed afterwards.
        """
        request = self._request("PUT", path, api_version, body)
        answer = self._pipeline.do(request)
        if answer.status not in (200, 201, 202):
            raise refusal(request, answer)
        if not follow and answer.status != 202:
            return answer.body
        try:
            return LongRunningOperation(self._pipeline, request, answer, WRITE_PAUSE).until_done()
        except ProviderError as error:
            raise self._partly(error, path, api_version) from error

    def _partly(self, error: ProviderError, path: str, api_version: str) -> PartlyCreated:
        """What is there after a write that failed late (crud/crud.go, HandleErrorWithCheckpoint)."""
        try:
            return PartlyCreated(str(error), path, self.read(path, api_version))
        except ProviderError as unread:
            return PartlyCreated(f"resource created but read failed {unread}: {error}", path, None)

    def read(self, path: str, api_version: str) -> Any:
        """The resource; ProviderError with status 404 where there is none."""
        request = self._request("GET", path, api_version)
        answer = self._pipeline.do(request)
        if answer.status != 200:
            raise refusal(request, answer)
        return answer.body

    def get(self, path: str, api_version: str) -> Any | None:
        """The resource, None where there is none."""
        try:
            return self.read(path, api_version)
        except ProviderError as error:
            if error.status == 404:
                return None
            raise

    def delete(self, path: str, api_version: str, *, follow: bool = True) -> None:
        """Deletes a resource and returns once it is gone; one that is not there is gone."""
        request = self._request("DELETE", path, api_version)
        answer = self._pipeline.do(request)
        if answer.status == 404:
            return
        if answer.status not in (200, 202, 204):
            raise refusal(request, answer)
        if follow:
            self._follow_deletion(LongRunningOperation(self._pipeline, request, answer, DELETE_PAUSE))

    def _follow_deletion(self, operation: LongRunningOperation) -> None:
        try:
            operation.until_done()
        except ProviderError as error:
            if error.status != 404:
                raise

    def _request(self, method: str, path: str, api_version: str, body: Any = None) -> HttpRequest:
        return HttpRequest(method, self._pipeline.url(path, api_version), body)


def arm_by_token_file(
    endpoint: str, ca: Path | None, token_file: Path, headers: dict[str, str] | None = None, pace: float = 1.0
) -> ArmClient:
    """ARM with the token in a file, which may be replaced while a long operation runs."""
    return ArmClient(endpoint, Transport(endpoint, lambda: token_in(token_file), ca, headers or {}), Pacing(pace))


def token_in(file: Path) -> str:
    """The bearer token in `file`: the text itself, or the "token" of a JSON object. Raises OSError, ValueError."""
    text = file.read_text(encoding="utf-8").strip()
    return str(json.loads(text)["token"]) if text.startswith("{") else text
