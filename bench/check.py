"""What `tfinfra check` of 20 manifests costs, next to the bare previews of the same programs: `pulumi preview` of both
stacks of each, by the same tool with the same provider, two at the same time."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.common import SCRIPTS, Result, Row, measure, repeated, tell, tfinfra_command
from tfinfra.clouds import paper_cloud
from tfinfra.compiler.deploy.write import write_tree
from tfinfra.compiler.load import load_project
from tfinfra.compiler.pipeline import Compiled, compile_manifest
from tfinfra.engine.client import EngineProcess
from tfinfra.engine.plugin_process import PluginProcess
from tfinfra.engine.policy.preview import Preview
from tfinfra.engine.provider.settings import provider_config
from tfinfra.engine.tool.tool_environment import tool_variables
from tfinfra.engine.tool.toolchain import ensure_cli
from tfinfra.lifecycle.previews.stacks import preview_engine, preview_stacks
from tfinfra.lifecycle.previews.two_at_once import PLACES

MANIFESTS = 20
AT_MOST = 1.2  # of the bare previews' time
BARE = "pulumi preview, both stacks of each, two at once"
LANGUAGE = "pulumi-language-python"
MANIFEST = """\
name: bench-{number}
source_directory: {source}
entry_script: work.py
script_params: {{--backend: mpi}}
node_count: {nodes}
distributed_backend: mpi
compute_target: {{cloud: azure, location: eastus, vm_size: Standard_D8s_v5}}
limits: {{max_cost_usd: 100}}
"""


@dataclass(frozen=True)
class BareStack:
    """A stack that is ready to be previewed: its name and folder, and the tool's environment."""

    name: str
    folder: Path
    environ: Mapping[str, str]


def run(repeat: int) -> Result:
    """Each sample previews all of them; what the bare tool needs beforehand (stacks, their configuration, a provider
    that runs) is not measured."""
    if shutil.which(LANGUAGE) is None:
        sys.exit(
            f"{LANGUAGE} is not on PATH: a bare `pulumi preview` needs the language host of a full Pulumi;"
            " `python -m bench.language_host FOLDER` builds one, for PATH"
        )
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name:
        folder = Path(name)
        paths = [_manifest(folder, number) for number in range(MANIFESTS)]
        command: list[str | Path] = [*tfinfra_command(), "check", *paths]
        tell(f"tfinfra check, {MANIFESTS} manifests")
        own = repeated(repeat, lambda: measure(command, folder))
        tell(BARE)
        with _bare_stacks(folder, [compile_manifest(load_project(path)) for path in paths]) as stacks:
            bare = repeated(repeat, lambda: _together(stacks))
    most = {"seconds": AT_MOST * min(sample["seconds"] for sample in bare)}
    return Result("check", (Row(BARE, bare), Row(f"tfinfra check, {MANIFESTS} manifests", own, BARE, most)))


def _manifest(folder: Path, number: int) -> Path:
    path = folder / f"train-{number}.yaml"
    path.write_text(MANIFEST.format(number=number, nodes=1 + number % 4, source=SCRIPTS))
    return path


@contextmanager
def _bare_stacks(folder: Path, manifests: Sequence[Compiled]) -> Iterator[list[BareStack]]:
    cloud = paper_cloud(manifests[0].spec.target)
    plugin = PluginProcess(cloud.provider_command or (), folder / "plugin.log")
    try:
        with closing(preview_engine()) as engine:
            recorder = _Recorder(engine)
            made = [(each, recorder.configs(each, folder / each.plan.name)) for each in manifests]
        debugged = {"PULUMI_DEBUG_PROVIDERS": f"azure-native:{plugin.port()}"}
        yield [s for each, configs in made for s in _stacks(folder / each.plan.name, each, configs, debugged)]
    finally:
        plugin.close()


class _Recorder(EngineProcess):
    """An engine that notes the configuration with which it is asked for previews."""

    def __init__(self, engine: EngineProcess) -> None:
        self._engine = engine
        self._seen: dict[str, dict[str, str]] = {}

    def configs(self, compiled: Compiled, folder: Path) -> dict[str, dict[str, str]]:
        """Of both stacks, by part. The program is left in `folder`."""
        write_tree(compiled.tree, folder / "program")
        self._seen = {}
        preview_stacks(compiled, folder / "program", self)
        return self._seen

    def open(self, *given: Any, **named: Any) -> EngineProcess:
        return self._engine.open(*given, **named)

    def preview(self, part: str, config: Mapping[str, str]) -> Preview:
        self._seen[part] = dict(config)
        return self._engine.preview(part, config)


def _stacks(
    folder: Path, compiled: Compiled, configs: Mapping[str, Mapping[str, str]], debugged: Mapping[str, str]
) -> Iterator[BareStack]:
    """Both stacks of a manifest, made and configured; its program finds the packages of this Python."""
    cloud = paper_cloud(compiled.spec.target)
    environ = {**os.environ, **tool_variables(folder / "own", {}), **debugged}
    environ.pop("PULUMI_IGNORE_AMBIENT_PLUGINS")  # the language host is one
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environ['PATH']}"
    for part, config in configs.items():
        stack = BareStack(f"{compiled.plan.name}-abc123-{part}", folder / "program", environ)
        _pulumi(stack, "stack", "init", stack.name)
        own = {f"tfinfra:{name}": value for name, value in config.items()}
        words = [f"{name}={value}" for name, value in {**own, **provider_config(cloud)}.items()]
        _pulumi(
            stack, "config", "set-all", "--stack", stack.name, *(w for word in words for w in ("--plaintext", word))
        )
        yield stack


def _together(stacks: Sequence[BareStack]) -> dict[str, float]:
    began = time.monotonic()
    with ThreadPoolExecutor(PLACES) as pool:
        list(pool.map(lambda stack: _pulumi(stack, "preview", "--stack", stack.name), stacks))
    return {"seconds": time.monotonic() - began}


def _pulumi(stack: BareStack, *words: str) -> None:
    subprocess.run(
        [str(ensure_cli(tell)), "--non-interactive", *words],
        cwd=stack.folder,
        env=dict(stack.environ),
        capture_output=True,
        text=True,
        check=True,
    )
