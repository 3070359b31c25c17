"""Rate limits: token buckets as Azure publishes them, for ARM itself and for three of its providers.

learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling: ARM counts for each
subscription, principal and kind of request, and for all principals together fifteen times as much.
learn.microsoft.com/azure/virtual-machines/compute-throttling-limits: Compute counts for each subscription and region,
and for some requests for each resource too. The other two count for each subscription and region.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tfinfra.localcloud.arm.subscription.rate_limits import EVERYBODY, CountedCall, Limit, arm_limit, provider_limits
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.system.clock import iso_time

_KINDS = {"reads": "read", "deletes": "delete", "writes": "write"}


@dataclass
class _Bucket:
    tokens: int
    since: float

    def fill(self, limit: Limit, now: float) -> None:
        """Adds the tokens that have come back since, in whole steps; a clock that was set back begins anew."""
        steps = math.floor((now - self.since) / limit.every)
        if steps < 0:
            self.since = now
        elif steps:
            self.tokens = min(limit.size, self.tokens + steps * limit.refill)
            self.since += steps * limit.every

    def wait(self, limit: Limit, now: float) -> int:
        """Seconds until there is a token again."""
        return max(1, math.ceil(self.since + limit.every - now))


@dataclass
class Throttle:
    """What each caller has left. `limits` in `take` replace published ones by name."""

    _buckets: dict[tuple[str, ...], _Bucket] = field(default_factory=dict)

    def take(self, call: CountedCall, limits: Mapping[str, Limit], now: float) -> dict[str, str]:
        """Counts the call and returns the headers that say what is left. Raises ArmRefusal (429) with Retry-After, and
        counts nothing then."""
        found = []
        for key, limit, refuse in _counting_limits(call, limits):
            bucket = self._buckets.setdefault(key, _Bucket(limit.size, now))
            bucket.fill(limit, now)
            bucket.tokens = min(bucket.tokens, limit.size)
            found.append((limit, bucket, refuse))
        for limit, bucket, refuse in found:
            if bucket.tokens < 1:
                raise refuse(call, limit, bucket.wait(limit, now), now)
        for _, bucket, _ in found:
            bucket.tokens -= 1
        whole = "subscription" if call.subscription else "tenant"
        headers = {f"x-ms-ratelimit-remaining-{whole}-{call.kind}": str(found[0][1].tokens)}
        compute = [(limit, bucket) for limit, bucket, refuse in found if refuse is _compute_refuses]
        own = ",".join(f"Microsoft.Compute/{limit.name};{bucket.tokens}" for limit, bucket in compute)
        return {**headers, "x-ms-ratelimit-remaining-resource": own} if own else headers


_Refuse = Callable[[CountedCall, Limit, int, float], ArmRefusal]
_Key = tuple[str, ...]


def _counting_limits(call: CountedCall, limits: Mapping[str, Limit]) -> Iterator[tuple[_Key, Limit, _Refuse]]:
    """(bucket, limit, the refusal) of each limit that the call counts for; ARM's own come first."""
    own = limits.get(call.kind) or arm_limit(call.kind)
    scope = call.subscription or "tenant"
    yield (call.kind, scope, call.oid), own, _arm_refuses
    if call.subscription:
        every = Limit(own.name, EVERYBODY * own.size, EVERYBODY * own.refill, own.every)
        yield (call.kind, scope, ""), every, _arm_refuses
    namespace = call.type_.partition("/")[0]
    for limit, of_resource in provider_limits(namespace, call):
        whose = call.path.lower() if of_resource else ""
        key = (namespace, limit.name, call.subscription, call.location, whose)
        yield key, limits.get(limit.name) or limit, _REFUSALS[namespace]


def _arm_refuses(call: CountedCall, limit: Limit, seconds: int, now: float) -> ArmRefusal:
    del limit, now
    whose = f"subscription '{call.subscription}'" if call.subscription else "tenant"
    message = (
        f"Number of '{_KINDS[call.kind]}' requests for {whose} actor '{call.oid}' exceeded. Please try again after "
        f"'{seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for "
        "additional information."
    )
    return ArmRefusal(429, "SubscriptionRequestsThrottled", message, {"Retry-After": str(seconds)})


def _compute_refuses(call: CountedCall, limit: Limit, seconds: int, now: float) -> ArmRefusal:
    del call
    measured = {
        "operationGroup": limit.name,
        "startTime": iso_time(now + seconds - limit.every),
        "endTime": iso_time(now + seconds),
        "allowedRequestCount": limit.size,
        "measuredRequestCount": limit.size + 1,
    }
    inner = {"code": "TooManyRequests", "target": limit.name, "message": json.dumps(measured, separators=(",", ":"))}
    message = "The server rejected the request because too many requests have been received for this subscription."
    headers = {"Retry-After": str(seconds), "x-ms-ratelimit-remaining-resource": f"Microsoft.Compute/{limit.name};0"}
    return ArmRefusal(429, "OperationNotAllowed", message, headers, {"details": [inner]})


def _storage_refuses(call: CountedCall, limit: Limit, seconds: int, now: float) -> ArmRefusal:
    del call, now
    window = f"{limit.every // 3600:02d}:{limit.every % 3600 // 60:02d}:{limit.every % 60:02d}"
    message = (
        "The request is being throttled as the limit has been reached for operation type - "
        f"{limit.name}_ObservationWindow_{window}. For more information, see - https://aka.ms/srpthrottlinglimits"
    )
    return ArmRefusal(429, "TooManyRequests", message, {"Retry-After": str(seconds)})


def _network_refuses(call: CountedCall, limit: Limit, seconds: int, now: float) -> ArmRefusal:
    del call, now
    message = f"Too many requests: Microsoft.Network takes {limit.size} of {limit.name} in {limit.every} seconds."
    return ArmRefusal(429, "TooManyRequests", message, {"Retry-After": str(seconds)})


_REFUSALS: dict[str, _Refuse] = {
    "microsoft.compute": _compute_refuses,
    "microsoft.network": _network_refuses,
    "microsoft.storage": _storage_refuses,
}
