"""An environment with a tool is made once, and what a killed maker left goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tfinfra.environment.uv.tools import Tools
from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.metrics import tools

PACKAGES = ("tensorboard==2.20.*",)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache whose uv makes environments of one file."""

    def uv_run(self: Tools, arguments: Sequence[str | Path], what: str) -> None:
        if arguments[0] == "venv":
            python = Path(arguments[-1], "bin/python")
            python.parent.mkdir(parents=True)
            python.touch()

    monkeypatch.setattr(tools, "cache_folder", lambda: tmp_path)
    monkeypatch.setattr(tools, "find_uv", lambda _: "uv")
    monkeypatch.setattr(Tools, "uv_run", uv_run)
    return tmp_path / "tools"


def folders(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.is_dir())


def test_what_a_killed_installation_left_is_gone_after_the_next(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(self: Tools, arguments: Sequence[str | Path], what: str) -> None:
        made(self, arguments, what)
        if arguments[0] == "pip":
            raise ProvisioningError("killed")

    made = Tools.uv_run
    with monkeypatch.context() as patch:
        patch.setattr(Tools, "uv_run", killed)
        patch.setattr("shutil.rmtree", lambda *_, **__: None)  # a process that is killed removes nothing
        with pytest.raises(ProvisioningError):
            tools.tool_python("tensorboard", PACKAGES, lambda _: None)
    assert len(folders(cache)) == 1
    monkeypatch.setattr("os.getpid", lambda: 1)  # the next process
    python = tools.tool_python("tensorboard", PACKAGES, lambda _: None)
    assert folders(cache) == [python.parent.parent.name]


def test_it_is_made_once(cache: Path) -> None:
    said: list[str] = []
    first, second = (tools.tool_python("tensorboard", PACKAGES, said.append) for _ in range(2))
    assert first == second and first.exists()
    assert len(said) == 1
