"""The tag by which a group's time is put off: the run's own, and never back."""

from __future__ import annotations

from typing import Any, cast

import pytest

from tfinfra.azure import expiry
from tfinfra.cloud import Cloud
from tfinfra.errors import ProvisioningError

RUN, UNTIL = "digits-abc123", "2026-01-01T12:00:00Z"


class Arm:
    """One group with its tags."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **tags: str) -> None:
        self.tags = {name.replace("_", "-"): value for name, value in tags.items()}
        monkeypatch.setattr(expiry, "get_json", lambda cloud, path, **query: {"tags": self.tags})
        monkeypatch.setattr(expiry, "send_json", self._patched)

    def _patched(self, cloud: Cloud, method: str, path: str, body: Any, **query: str) -> tuple[int, Any]:
        self.tags = body["tags"]
        return 200, body


class Subscription:
    subscription_id = "0"


REFUSED = {
    "another run's group": ({"tfinfra_run": "other-abc123"}, "not tagged as"),
    "one with more time": (
        {"tfinfra_run": RUN, "tfinfra_expires_at": "2026-01-01T13:00:00Z"},
        "until 2026-01-01T13:00:00Z already",
    ),
}


@pytest.mark.parametrize(("tags", "words"), REFUSED.values(), ids=REFUSED)
def test_the_time_does_not_change_of(tags: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arm = Arm(monkeypatch, **tags)
    before = dict(arm.tags)
    with pytest.raises(ProvisioningError, match=words):
        expiry.put_off(cast("Cloud", Subscription()), "group", RUN, UNTIL)
    assert arm.tags == before


def test_other_tags_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    arm = Arm(monkeypatch, tfinfra_run=RUN, team="vision", tfinfra_expires_at="2026-01-01T11:00:00Z")
    expiry.put_off(cast("Cloud", Subscription()), "group", RUN, UNTIL)
    assert arm.tags == {"tfinfra-run": RUN, "team": "vision", "tfinfra-expires-at": UNTIL}
