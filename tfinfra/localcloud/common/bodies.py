"""The body of a request, read up to the size that is allowed, and only once its caller is known."""

from __future__ import annotations

import json
import re
from typing import Any

from starlette.requests import Request

from tfinfra.localcloud.common.arm_refusal import ArmRefusal

MOST = 4 << 20
"""Bytes of a request's body, as ARM has it for what is deployed:
https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#template-limits"""
_HALF = re.compile(rb"\\u[dD][89a-fA-F]")


async def document(request: Request, most: int = MOST) -> Any:
    """The JSON document of a request, None where it has no body. Raises ArmRefusal (400, 413) for any other."""
    body = await read(request, most)
    if not body:
        return None
    try:
        found = json.loads(body)
        if _HALF.search(body):
            json.dumps(found, ensure_ascii=False).encode()
    except ValueError as error:
        raise ArmRefusal(400, "InvalidRequestContent", f"The request content is no JSON: {error}") from error
    except RecursionError as error:
        raise too_deep() from error
    return found


async def read(request: Request, most: int = MOST) -> bytes:
    """The body. Raises ArmRefusal (413) for one that is larger than `most`, as soon as that is known."""
    length = request.headers.get("content-length", "0")
    if not length.isascii() or not length.isdigit() or int(length[:20]) > most:
        raise _too_large(most)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise _too_large(most)
        parts.append(part)
    return b"".join(parts)


def too_deep() -> ArmRefusal:
    return ArmRefusal(400, "InvalidRequestContent", "The request content was invalid: it is nested too deeply.")


def _too_large(most: int) -> ArmRefusal:
    words = f"The request content exceeds the maximum of {most} bytes."
    return ArmRefusal(413, "RequestContentTooLarge", words)
