"""How long what is not the training usually takes. Data and sources: data/usual_times.json."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from tfinfra.catalog.data_files import data_file


@dataclass(frozen=True)
class UsualTimes:
    """Seconds of each part; `gb_per_node` is what a node fetches to build the environment, `calls_per_minute` what the
    client, and what each node, asks of the store. The pairs are (CPU build, GPU build)."""

    keep: float
    keep_with_share: float
    grants: float
    machines: float
    environment: tuple[float, float]
    deletion: float
    gb_per_node: tuple[float, float]
    client_calls: float
    node_calls: float


@cache
def usual_times() -> UsualTimes:
    data = data_file("usual_times")
    calls = data["calls_per_minute"]
    return UsualTimes(
        keep=data["keep"]["seconds"],
        keep_with_share=data["keep"]["with_share"],
        grants=data["grants"]["seconds"],
        machines=data["machines"]["seconds"],
        environment=(data["environment"]["cpu"], data["environment"]["gpu"]),
        deletion=data["deletion"]["seconds"],
        gb_per_node=(data["gb_per_node"]["cpu"], data["gb_per_node"]["gpu"]),
        client_calls=calls["client"],
        node_calls=calls["node"],
    )
