"""A node deletes the run's compute group where nothing else does: by its managed identity, through ARM."""

from __future__ import annotations

import hashlib
import json
import logging
import ssl
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tfinfra.agent.node.instance_metadata import Metadata
from tfinfra.model import NodeSettings
from tfinfra.model.shapes import is_time
from tfinfra.system.clock import unix_time

_API_VERSION = "2021-04-01"
_TIMEOUT = 30.0
_EACH_NODE, _LONGEST_SPREAD = 0.2, 120.0
_log = logging.getLogger(__name__)


def spread(node_id: str, node_count: int) -> float:
    """Seconds that this node waits longer than the first: every node deletes, and ARM throttles a thousand at once.
    The same for the same node."""
    share = int.from_bytes(hashlib.sha256(node_id.encode()).digest()[:4], "big") / 2**32
    return share * min(_EACH_NODE * node_count, _LONGEST_SPREAD)


def delete_compute_group(settings: NodeSettings, metadata: Metadata) -> bool:
    """Whether ARM has taken the deletion, of this node or of another (or the group is gone already).

    The whole group goes, whatever else is in it: all that this identity may do is to read and delete that one group,
    and a machine is not kept alive by what somebody has put beside it. A node whose identity is shared by many runs
    asks for nothing: where such a one may delete groups, it may delete every run's.
    """
    if not settings.may_delete:
        return False
    try:
        token, _ = metadata.token(settings.arm_audience or f"{settings.arm_endpoint}/")
        if _is_going(settings, token):
            return True
        _ask(settings, token, "DELETE")
        _log.info("asked ARM to delete the compute group")
    except HTTPError as error:
        _log.warning("ARM answered the deletion with %d", error.code)
        return _is_gone(error)
    except Exception as error:  # noqa: BLE001  a broken answer is no OSError, and the last layer must outlive any
        _log.warning("could not ask ARM for the deletion: %r", error)
        return False
    return True


def group_expiry(settings: NodeSettings, metadata: Metadata) -> float | None:
    """When the compute group expires by its own tag (Unix seconds), None where that says no time. Raises what keeps ARM
    from an answer."""
    token, _ = metadata.token(settings.arm_audience or f"{settings.arm_endpoint}/")
    said = (_ask(settings, token, "GET").get("tags") or {}).get("tfinfra-expires-at")
    return unix_time(said) if isinstance(said, str) and is_time(said) else None


def _is_going(settings: NodeSettings, token: str) -> bool:
    """Whether the group is being deleted. An answer that says nothing, or a refusal, is no reason not to ask."""
    try:
        state = (_ask(settings, token, "GET").get("properties") or {}).get("provisioningState")
    except Exception as error:
        if isinstance(error, HTTPError) and error.code == HTTPStatus.NOT_FOUND:
            raise
        _log.warning("could not see whether the compute group is going: %r", error)
        return False
    return bool(state == "Deleting")


def _is_gone(error: HTTPError) -> bool:
    """Whether ARM says that there is no such group. A 404 of another kind, of a subscription that is not seen or of
    a proxy, is no reason to stop asking."""
    try:
        code = (json.loads(error.read()).get("error") or {}).get("code")
    except (OSError, ValueError, AttributeError):
        return False
    return bool(error.code == HTTPStatus.NOT_FOUND and code == "ResourceGroupNotFound")


def _ask(settings: NodeSettings, token: str, method: str) -> dict[str, Any]:
    url = f"{settings.arm_endpoint}{settings.compute_group_id}?api-version={_API_VERSION}"
    request = Request(url, method=method, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    trust = ssl.create_default_context(cadata=settings.arm_ca)
    with urlopen(request, timeout=_TIMEOUT, context=trust) as answer:  # noqa: S310
        return dict(json.loads(answer.read() or b"{}"))
