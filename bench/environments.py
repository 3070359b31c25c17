"""Whether everybody who builds the training environment of one lock gets the same bytes, Horovod's library included:
three builds, each with a home, a cache folder and package downloads of its own, one of them by another user."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.common import ROOT, SCRIPTS, Result, Row, Sample, measure, repeated, tell
from tfinfra.environment.lock import make_lock
from tfinfra.environment.proof.installed_tree import compare, installed_tree, read_environment
from tfinfra.environment.proof.tree import Tree, deviations
from tfinfra.environment.uv.tools import find_uv
from tfinfra.model import InstalledTree, Requirements, to_json

WANTED = Requirements("2.15.1", "3.11", (), horovod=True, gpu=False)
ORDINARY = "nobody"
_SHOWN = 10


@dataclass(frozen=True)
class Builder:
    """Who builds, and below which folder: `home` and `cache` are paths in it, of other lengths."""

    case: str
    home: str
    cache: str
    user: str | None = None


BUILDERS = (
    Builder("this user", "home", "cache"),
    Builder("another user, with another home", "homes/of/somebody/else", ".cache/tfinfra", ORDINARY),
    Builder("another cache folder", "home-2", "a/much/longer/name of the cache".replace(" ", "-")),
)


@dataclass(frozen=True)
class Built:
    environment: Path
    tree: Tree
    installed: InstalledTree
    sample: Sample


def run(repeat: int) -> Result:
    """The first build is what the others are compared with. As another user than root, nobody else can build."""
    builders = [builder for builder in BUILDERS if builder.user is None or os.geteuid() == 0]
    with tempfile.TemporaryDirectory(prefix="tfinfra-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        lock = folder / "lock.json"
        lock.write_text(json.dumps(to_json(make_lock(WANTED, "", folder / "locks", progress=tell))))
        shutil.copytree(ROOT / "tfinfra", folder / "code/tfinfra", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(SCRIPTS / "build.py", folder / "code/build.py")
        shutil.copy2(find_uv(folder / "locks", tell), folder / "code/uv")
        for path in (folder / "code").rglob("*"):
            path.chmod(path.stat().st_mode | 0o444 | (path.stat().st_mode & 0o100 and 0o111))
        built = [_build(builder, folder, lock, repeat) for builder in builders]
        rows = [Row(builders[0].case, (built[0].sample,))]
        rows += [
            Row(
                builder.case,
                ({**one.sample, "differ": len(deviations(built[0].tree, one.tree))},),
                at_most={"differ": 0},
            )
            for builder, one in zip(builders[1:], built[1:], strict=True)
        ]
        return Result("environments", tuple(rows), tuple(_notes(built, builders)))


def _build(builder: Builder, folder: Path, lock: Path, repeat: int) -> Built:
    tell(f"a build by {builder.case}")
    top = folder / builder.home
    top.mkdir(parents=True)
    owner = pwd.getpwnam(builder.user) if builder.user else None
    if owner:
        os.chown(top, owner.pw_uid, owner.pw_gid)
    variables = {
        "HOME": str(top),
        "PATH": f"{folder / 'code'}:/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": str(folder / "code"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    began = time.monotonic()
    done = subprocess.run(
        [_plain_python(), "-s", str(folder / "code/build.py"), str(lock), str(top / builder.cache)],
        env={**variables, **_of_indexes()},
        cwd="/",
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        umask=0o077 if owner else 0o022,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )
    seconds = time.monotonic() - began
    environment = Path(done.stdout.strip())
    began = time.monotonic()
    tree = read_environment(environment)
    digest_seconds = time.monotonic() - began
    installed = installed_tree(environment)
    if installed is None:
        raise RuntimeError(f"{environment} has no record of its build")
    imports = repeated(repeat, lambda: measure([environment / "bin/python", "-I", "-c", "import tensorflow"], folder))
    sample = {
        "files": len(tree.entries),
        "build_s": seconds,
        "digest_s": digest_seconds,
        "import_s": min(each["seconds"] for each in imports),
    }
    return Built(environment, tree, installed, sample)


def _plain_python() -> str:
    """One that every user of this machine can run."""
    return "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable


def _of_indexes() -> dict[str, str]:
    return {
        name: value for name, value in os.environ.items() if name.startswith(("UV_", "PIP_")) and "CACHE" not in name
    }


def _notes(built: list[Built], builders: list[Builder]) -> Iterator[str]:
    first = built[0].installed
    yield f"digest sha256:{first.digest}; installed by {first.installer}; Horovod by {first.compiler}"
    for builder, one in zip(builders[1:], built[1:], strict=True):
        proof, text = compare(first, one.installed)
        yield f"{builder.case}: {proof.value}: {text}"
        yield from (f"  {each}" for each in deviations(built[0].tree, one.tree)[:_SHOWN])
