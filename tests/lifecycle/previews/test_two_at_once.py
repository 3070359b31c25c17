"""What is left of previews that are ended while one of them is under way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.previews import two_at_once
from tfinfra.system.progress import say_nothing


def test_packs_that_are_made_ready_while_all_ends_are_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    making, stopped, said = threading.Event(), threading.Event(), list[str]()

    @contextmanager
    def made_ready(_: Iterable[Path], __: object) -> Iterator[Path]:
        making.set()
        assert stopped.wait(10)
        time.sleep(0.1)
        said.append("made")
        yield Path("/nowhere")
        said.append("gone")

    def previews(*_: object, **__: object) -> None:
        raise ProvisioningError("the engine was stopped")

    monkeypatch.setattr(two_at_once, "preview_engine", lambda **_: SimpleNamespace(close=stopped.set))
    monkeypatch.setattr(two_at_once, "packs_of", lambda _: {Path("/pack"): "a guardrail"})
    monkeypatch.setattr(two_at_once, "made_ready", made_ready)
    monkeypatch.setattr(two_at_once, "preview_stacks", previews)
    compiled: Any = SimpleNamespace(tree={})
    with two_at_once.Previews(1, say_nothing) as all_of_them:
        all_of_them.submit(compiled)
        assert making.wait(10)
    assert said == ["made", "gone"]
