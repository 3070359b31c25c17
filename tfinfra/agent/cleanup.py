"""Where nobody watches any more: a node deletes the run's compute group, by its managed identity, through ARM."""

from __future__ import annotations

import logging
import ssl
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tfinfra.agent.faults import NodeFault
from tfinfra.agent.metadata import Metadata
from tfinfra.model import NodeSettings

_API_VERSION = "2021-04-01"
_TIMEOUT = 30.0
_log = logging.getLogger(__name__)


def delete_compute_group(settings: NodeSettings, metadata: Metadata) -> bool:
    """Whether ARM has taken the deletion (or the group is gone already)."""
    url = f"{settings.arm_endpoint}{settings.compute_group_id}?api-version={_API_VERSION}"
    try:
        token, _ = metadata.token(f"{settings.arm_endpoint}/")
        request = Request(url, method="DELETE", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
        with urlopen(request, timeout=_TIMEOUT, context=_trust(settings)) as answer:  # noqa: S310
            _log.info("asked ARM to delete the compute group: %d", answer.status)
    except HTTPError as error:
        _log.warning("ARM answered the deletion with %d", error.code)
        return error.code == 404
    except (OSError, NodeFault) as error:
        _log.warning("could not ask ARM for the deletion: %s", error)
        return False
    return True


def _trust(settings: NodeSettings) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=settings.arm_ca)
