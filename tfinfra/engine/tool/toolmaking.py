"""Makes the Pulumi command line tool: built by Go from its source, which Go's checksum database guards; without Go from
its vendor's archive, whose SHA-256 is known here."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, cast

from tfinfra.engine.provider.work_folder import work_folder
from tfinfra.engine.tool.tool_environment import tool_version
from tfinfra.errors import NotFeasible, TfinfraError
from tfinfra.system.process.commands import finished
from tfinfra.system.process.inherited_variables import without_passphrase

ARCHIVES = {
    "linux-x64": "b6cf2de0243fece40f386bc7ae6a5194c39e15891c79f66cc6c8905bea8c6479",
    "linux-arm64": "c5928718c70ab328b22843ee41908942148743ff3021b29852efdcdd6ce369f1",
    "darwin-x64": "65cab2b670b6fd85e7bbcf956563cf7597ea13c2804c82f95f7407e60b01ec5f",
    "darwin-arm64": "4f743ed05afd9dc2e0663622e496bfe903a6ae6c102c54cf9e3f84af85a695bf",
}
"""The SHA-256 of the vendor's archives of toolchain.VERSION, as its own Homebrew formula names them
(github.com/pulumi/homebrew-tap, Formula/pulumi.rb, commit 18f79b6)."""

_SITE = "https://github.com/pulumi/pulumi/releases/download"
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_MODULE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_STAMP = "-w -s -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}"

_GUARDED = {
    "GOSUMDB": "sum.golang.org",
    "GONOSUMDB": "",
    "GONOSUMCHECK": "",
    "GOPRIVATE": "",
    "GONOPROXY": "",
    "GOINSECURE": "",
    "GOFLAGS": "-modcacherw",
    "GOENV": "off",
    "GOWORK": "off",
    "CGO_ENABLED": "0",
}
"""No setting of the user's switches the checksum database off (go.dev/ref/mod#checksum-database)."""
_SWITCHES = ("GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GOINSECURE")


def make(target: Path, version: str, progress: Callable[[str], None], *, unchecked: bool) -> str:
    """Makes the tool and moves it to `target` in one step: a half-made one is never found. Where it is from, in words.
    Raises NotFeasible."""
    with work_folder(target.parent.parent / "work") as work:
        go = shutil.which("go")
        if go is None:
            progress("there is no Go to build Pulumi with")
            draft, source = _from_archive(work, version, progress, unchecked=unchecked)
        else:
            try:
                draft, source = _build(go, work, version, progress)
            except TfinfraError as failed:  # Go is too old, or does not reach its checksum database
                progress(f"{failed.message}; the vendor's archive, whose SHA-256 is known, is tried instead")
                try:
                    draft, source = _from_archive(work, version, progress, unchecked=unchecked)
                except TfinfraError as error:
                    raise NotFeasible(f"{failed.message}; {error.message}", failed.hint) from error
        if tool_version(str(draft)) != version:
            raise NotFeasible(f"the Pulumi that was just made does not answer as {version}", _way_out(version))
        draft.replace(target)
    return source


def _way_out(version: str) -> str:
    return (
        f"install Pulumi {version} so that `pulumi` is on PATH (pulumi.com/docs/install), or install Go 1.25 or newer"
        " (go.dev/dl) and run `tfinfra setup` again"
    )


def _from_archive(work: Path, version: str, progress: Callable[[str], None], *, unchecked: bool) -> tuple[Path, str]:
    from tfinfra.engine.provider.plugin_archive import download

    name = f"{sys.platform}-{_MACHINES.get(platform.machine().lower(), platform.machine())}"
    wanted = ARCHIVES.get(name)
    if wanted is None and not unchecked:
        message = f"there is no Go to build Pulumi {version}, and no SHA-256 is known of its archive for {name}"
        raise NotFeasible(message, f"{_way_out(version)}; `tfinfra setup --unchecked` takes the archive as it comes")
    url, draft = f"{_SITE}/v{version}/pulumi-v{version}-{name}.tar.gz", work / "archive.tar.gz"
    progress(f"downloading Pulumi {version} from its vendor")
    try:
        found = download(url, draft, progress)
    except TfinfraError as error:
        raise NotFeasible(
            f"Pulumi {version} is not here, and nothing here builds it: {error.message}", _way_out(version)
        ) from error
    if wanted not in (found, None):
        raise NotFeasible(f"{url} has the SHA-256 {found}, not {wanted}: it was not taken", _way_out(version))
    if wanted is None:
        progress(f"warning: nobody has checked this archive; its SHA-256 is {found}")
    checked = "as its SHA-256 is known" if wanted else "unchecked"
    tool = work / "pulumi"
    try:
        with tarfile.open(draft) as files, tool.open("wb") as out:  # the program alone: its language hosts are not used
            shutil.copyfileobj(cast(IO[bytes], files.extractfile("pulumi/pulumi")), out)
    except (KeyError, TypeError, AttributeError, tarfile.TarError, EOFError, OSError) as error:
        raise NotFeasible(f"the archive of Pulumi {version} does not hold it: {error}", _way_out(version)) from error
    tool.chmod(0o755)
    return tool, f"{url}, {checked} ({found})"


def _build(go: str, work: Path, version: str, progress: Callable[[str], None]) -> tuple[Path, str]:
    """Raises NotFeasible where it fails."""
    folder, draft = work / "source", work / "pulumi"
    folder.mkdir()
    (folder / "go.mod").write_text("module tfinfra.local/pulumi-cli\n\ngo 1.25.0\n", encoding="utf-8")
    settings = _settings(go, folder)
    for name in ignored(settings):
        progress(f"note: {name}={settings[name]} does not count here: Go's checksum database checks what is built")
    progress(f"downloading the source of Pulumi {version} for Go to build")
    caches = {name: str(folder / name.lower()) for name in ("GOPATH", "GOMODCACHE", "GOCACHE")}
    environment = {**without_passphrase(os.environ), **caches, **guarded(settings)}
    _go([go, "get", "-tool", f"{_MODULE}@v{version}"], folder, environment, progress, version)
    progress(f"building Pulumi {version}: a few minutes, once on this machine")
    options = ["-trimpath", "-tags", "osusergo,grpcnotrace", "-ldflags", _STAMP.format(version=version)]
    _go([go, "build", *options, "-o", str(draft), _MODULE], folder, environment, progress, version)
    return draft, f"built by Go from {_MODULE}@v{version}, checked by {_GUARDED['GOSUMDB']}"


def _settings(go: str, folder: Path) -> dict[str, str]:
    """Go's settings as its environment and its own file (`go env -w`) have them."""
    try:
        said = finished(
            [go, "env", "-json"],
            cwd=folder,
            timeout=60,
        )
        found = json.loads(said.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        found = {}
    return {name: str(value) for name, value in found.items()} | {
        name: os.environ[name] for name in _SWITCHES if os.environ.get(name)
    }


def ignored(settings: Mapping[str, str]) -> list[str]:
    """Which of the user's settings would have switched the checksum database off, for all or for some modules."""
    switched = [name for name in _SWITCHES if settings.get(name)]
    other = settings.get("GOSUMDB", _GUARDED["GOSUMDB"]) not in ("", _GUARDED["GOSUMDB"])
    flags = "-insecure" in settings.get("GOFLAGS", "")
    return [*(["GOSUMDB"] if other else []), *(["GOFLAGS"] if flags else []), *switched]


def guarded(settings: Mapping[str, str]) -> dict[str, str]:
    """What Go is run with: the user's proxy for modules, and nothing else of his."""
    return {**_GUARDED, **({"GOPROXY": proxy} if (proxy := settings.get("GOPROXY")) else {})}


def _go(
    command: list[str], folder: Path, environment: Mapping[str, str], progress: Callable[[str], None], version: str
) -> None:
    """Runs Go with caches of its own below `folder`: 2.5 GB that go with it. Raises NotFeasible with its last line."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    ) as process:
        said = _output(process, progress)
    if process.returncode != 0:
        last = (said.strip().splitlines() or ["no output"])[-1]
        raise NotFeasible(f"Go could not build the Pulumi command line tool: {last}", _way_out(version))


def _output(process: subprocess.Popen[str], progress: Callable[[str], None]) -> str:
    """What the process says until its end; each minute, that it still works."""
    minutes = 0
    while True:
        try:
            return process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            minutes += 1
            progress(f"Go still works, for {minutes} min now")
        except BaseException:
            process.kill()
            raise
