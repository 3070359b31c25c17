"""The ARM client of either cloud: azure-mgmt-resource, pointed at the Cloud's endpoint.

azure-mgmt-compute is left out on purpose: importing it costs 0.9 s and 107 MB, for two lists that the same pipeline
fetches with `send_request`.
"""

from __future__ import annotations

import threading
import time
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tfinfra.azure.answers import is_refusal, values
from tfinfra.cloud import Cloud
from tfinfra.system.clock import STEADY

if TYPE_CHECKING:
    from azure.mgmt.resource.resources import ResourceManagementClient

COMPUTE_API = "2024-11-01"
LONGEST_WAIT = 20.0
"""Seconds that one wait for ARM lasts at most: it is known to ask for 1,200 and more (Azure/AKS#1187), and nobody would
watch a run's nodes meanwhile."""

GROUPS_API = "2024-11-01"
ANSWERING = 5.0
"""Seconds that ARM has where the question is only whether it answers."""

FOLLOWED = 120.0
"""Seconds for which the answer behind a 202 is waited for, unless the caller says otherwise."""


def warm() -> None:
    """Imports the client on a thread, so that the first call after training does not wait for it. The modules of
    azure.core that import each other come first, on this one: two threads may each wait for the other's half of such a
    circle."""
    import azure.core.polling
    import azure.core.rest
    from azure.core.pipeline.transport import RequestsTransport  # the client imports it when it is made

    del azure, RequestsTransport
    client = "azure.mgmt.resource.resources"
    threading.Thread(target=import_module, args=(client,), daemon=True, name="azure-import").start()


@lru_cache(maxsize=4)
def resource_client(cloud: Cloud) -> ResourceManagementClient:
    """A client for `cloud`, shared by all callers: connections are kept."""
    from azure.mgmt.resource.resources import ResourceManagementClient

    transport: dict[str, Any] = {} if cloud.ca_file is None else {"connection_verify": str(cloud.ca_file)}
    if cloud.on_loopback:  # where a proxy of the environment has no business
        transport["use_env_settings"] = False
    return ResourceManagementClient(
        cloud.credential(),
        cloud.subscription_id,
        base_url=cloud.arm_endpoint,
        credential_scopes=[cloud.token_scope],
        connection_timeout=10,
        read_timeout=60,
        retry_policy=_bounded_retries(retry_total=cloud.pace.retries, retry_backoff_factor=cloud.pace.backoff),
        raw_response_hook=_heed_date,
        **transport,
    )


def _heed_date(response: Any) -> None:
    """Takes the cloud's time from an answer's Date (RFC 9110, section 6.6.1), which proxies pass on."""
    try:
        STEADY.hear(parsedate_to_datetime(response.http_response.headers["Date"]).timestamp())
    except (KeyError, TypeError, ValueError):
        return  # an answer without a date says nothing


def _bounded_retries(**settings: Any) -> Any:
    """azure-core's own policy of retries, with waits of at most LONGEST_WAIT."""
    from azure.core.pipeline.policies import RetryPolicy

    class Bounded(RetryPolicy[Any, Any]):
        def get_retry_after(self, response: Any) -> float | None:
            try:
                seconds = super().get_retry_after(response)
            except ValueError:  # neither seconds nor a date: as if nothing were said
                return None
            # a NaN is no number of seconds
            return min(seconds, LONGEST_WAIT) if seconds is not None and seconds >= 0 else None

    return Bounded(**settings)


def get_json(cloud: Cloud, path: str, **query: str) -> Any:
    """The document at an ARM path, all pages of a list together. Raises azure.core's HttpResponseError."""
    return _pages(cloud, path, query, {})


def get_once(cloud: Cloud, path: str, **query: str) -> Any:
    """As `get_json`, without patience: what ARM answers is final, only a connection that breaks is made anew."""
    return _pages(cloud, path, query, {"retry_total": 2, "retry_status": 0})


def _pages(cloud: Cloud, path: str, query: dict[str, str], patience: dict[str, Any]) -> Any:
    from azure.core.rest import HttpRequest

    document = _send(cloud, HttpRequest("GET", cloud.arm_endpoint + path, params=query), patience)
    seen: set[str] = set()
    while (following := _next(document, seen)) is not None:
        page = _send(cloud, HttpRequest("GET", following), patience)
        document = {**page, "value": [*values(document), *values(page)]}
    return document


def send_json(
    cloud: Cloud, method: str, path: str, body: Any = None, within: float = FOLLOWED, /, **query: str
) -> tuple[int, Any]:
    """(status, document) of one request, whatever ARM answers: all pages of a list together, and what comes at last
    behind a 202, at the address of the last Location. The 202 itself, where nothing has come `within` seconds; the
    answer that came instead of a page of a list. Raises azure.core's AzureError where no answer comes."""
    from azure.core.rest import HttpRequest

    client = resource_client(cloud)
    until = time.monotonic() + within
    response = client.send_request(HttpRequest(method, cloud.arm_endpoint + path, params=query, json=body), **_QUICK)
    address = ""
    while response.status_code == 202 and (address := response.headers.get("Location") or address):
        waits = str(response.headers.get("Retry-After"))
        pause = min(float(waits) if waits.isdigit() else 1.0, LONGEST_WAIT)  # ARM gives whole seconds, never a date
        if time.monotonic() + pause > until:
            break
        time.sleep(pause)
        response = client.send_request(HttpRequest("GET", address), **_QUICK)
    document = _document(response)
    seen: set[str] = set()
    while isinstance(document, dict) and (following := _next(document, seen)) is not None:
        response = client.send_request(HttpRequest("GET", following), **_QUICK)
        page = _document(response)
        if response.status_code != 200:  # a part of a list would say that what it lacks is not there
            return response.status_code, page
        document = {**page, "value": [*values(document), *values(page)]}
    return response.status_code, document


def _next(document: dict[str, Any], seen: set[str]) -> str | None:
    """The address of a list's next page, noted in `seen`; None after the last. Raises DecodeError for what is no
    address, and for one that was asked before: a list without an end is no list."""
    from azure.core.exceptions import DecodeError

    found = document.get("nextLink")
    if not found:
        return None
    if not isinstance(found, str) or found in seen:
        raise DecodeError("a list of ARM's has no end: its pages lead to each other")
    seen.add(found)
    return found


_QUICK: dict[str, Any] = {"retry_total": 2}  # a question is not worth minutes of patience


def _document(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return {"error": {"code": str(response.status_code), "message": response.text()[:200]}}


def arm_answers(cloud: Cloud) -> bool:
    """Whether ARM answers one request, whatever it says, within ANSWERING. Nothing is tried twice."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError
    from azure.core.rest import HttpRequest

    url = f"{cloud.arm_endpoint}/subscriptions/{cloud.subscription_id}/resourcegroups"
    request = HttpRequest("GET", url, params={"api-version": GROUPS_API, "$top": "1"})
    try:
        resource_client(cloud).send_request(
            request, retry_total=0, connection_timeout=ANSWERING, read_timeout=ANSWERING
        )
    except ClientAuthenticationError:  # there is no token to ask with: the next real question says so
        return True
    except AzureError:
        return False
    return True


def put_json(cloud: Cloud, path: str, body: Any, **query: str) -> Any:
    """ARM's answer to a PUT of `body`. Raises azure.core's HttpResponseError."""
    from azure.core.rest import HttpRequest

    return _send(cloud, HttpRequest("PUT", cloud.arm_endpoint + path, params=query, json=body), {})


def _send(cloud: Cloud, request: Any, patience: dict[str, Any]) -> Any:
    from azure.core.exceptions import (
        ClientAuthenticationError,
        DecodeError,
        HttpResponseError,
        ResourceNotFoundError,
        map_error,
    )

    response = resource_client(cloud).send_request(request, **patience)
    map_error(response.status_code, response, {401: ClientAuthenticationError, 404: ResourceNotFoundError})
    if response.status_code >= 400:
        raise HttpResponseError(response=response)
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise DecodeError("the answer is no document of ARM's", response=response)
    if is_refusal(document):
        raise HttpResponseError(response=response)
    return document
