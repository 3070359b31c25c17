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
        """What comes before each create (client_azcore.go, CanCreate). Some types answer to HEAD only."""
        response = self._pipeline.do(self._request(method, path, api_version))
        exists = response.status == 204 if method == "HEAD" else response.status == 200 and bool(response.body)
        if exists:
            raise ProviderError(f"cannot create already existing resource '{path}'", response.status)
        if response.status not in (200, 204, 404):
            sentence = f"cannot check existence of resource '{path}': status code {response.status}, {response.text}"
            raise ProviderError(sentence, response.status)

    def put(self, path: str, api_version: str, body: Any, *, follow: bool = True) -> Any:
        """Writes a resource and returns what the write made; `follow`: the type's writes are long-running, and are
        waited for.

        Raises PartlyCreated where ARM took the write and it failed afterwards (crud/crud.go,
        HandleErrorWithCheckpoint).
        """
        request = self._request("PUT", path, api_version, body)
        response = self._pipeline.do(request)
        if response.status not in (200, 201, 202):
            raise refusal(request, response)
        if not follow and response.status != 202:
            return response.body
        try:
            return LongRunningOperation(self._pipeline, request, response, WRITE_PAUSE).result()
        except ProviderError as error:
            try:
                state = self.read(path, api_version)
            except ProviderError as unread:
                raise PartlyCreated(f"resource created but read failed {unread}: {error}", path, None) from error
            raise PartlyCreated(str(error), path, state) from error

    def read(self, path: str, api_version: str) -> Any:
        """The resource; ProviderError with status 404 where there is none."""
        request = self._request("GET", path, api_version)
        response = self._pipeline.do(request)
        if response.status != 200:
            raise refusal(request, response)
        return response.body

    def get(self, path: str, api_version: str) -> Any | None:
        """The resource, None where there is none."""
        try:
            return self.read(path, api_version)
        except ProviderError as error:
            if error.status == 404:
                return None
            raise

    def delete(self, path: str, api_version: str, *, follow: bool = True) -> None:
        """Deletes a resource and returns once it is gone; one that does not exist is gone."""
        request = self._request("DELETE", path, api_version)
        response = self._pipeline.do(request)
        if response.status == 404:
            return
        if response.status not in (200, 202, 204):
            raise refusal(request, response)
        try:
            if follow:
                LongRunningOperation(self._pipeline, request, response, DELETE_PAUSE).result()
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
