"""What 100,000 small files in source_directory add to `tfinfra up`, against tar that packs and unpacks them once."""

from __future__ import annotations

import shutil
import time
from functools import partial
from pathlib import Path

from bench.common import Result, Row, Sample, measure, repeated, tell
from bench.runs import Project, bench_folder, kinds, up

FILES, FOLDERS, SIZE = 100_000, 100, 500
AT_MOST = {"added_s": 15}
NOTES = (
    f"{FILES:,} files of {SIZE} bytes in {FOLDERS} folders; added: of `up`, against the same run without them",
    "tar: pack, unpack and one copy (cp -a), as one node with one task has them",
)


def run(repeat: int) -> Result:
    """One row for tar, one per kind of machines. With and without the files take turns."""
    with bench_folder() as folder:
        few = Project(folder / "few", folder / "state", "bench-few", "count.py", "", "main-0")
        many = Project(folder / "many", folder / "state", "bench-many", "count.py", "", "main-0")
        many.write()
        _fill(many.folder / "src/data")
        rows = [Row("tar", repeated(repeat, lambda: _tar(many.folder / "src", folder / "tar")))]
        for kind in kinds():
            up(few, kind)  # a first run for the environment, which does not count
            samples = repeated(repeat, partial(_added, few, many, kind))
            rows.append(Row(f"up, {kind} machines", samples, "tar", AT_MOST))
    return Result("files", tuple(rows), NOTES)


def _fill(folder: Path) -> None:
    for number in range(FILES):
        file = folder / str(number % FOLDERS) / f"{number}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(f"{number:>{SIZE}}".encode())


def _tar(source: Path, folder: Path) -> Sample:
    tell("tar")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    lines: tuple[list[str | Path], ...] = (
        ["tar", "-czf", folder / "a.tar.gz", "-C", source, "."],
        ["tar", "-xzf", folder / "a.tar.gz", "-C", folder / "out"],
        ["cp", "-a", folder / "out", folder / "copy"],
    )
    return {"added_s": sum(measure(line)["seconds"] for line in lines)}


def _added(few: Project, many: Project, kind: str) -> Sample:
    seconds = {}
    for project in (few, many):
        tell(f"{project.name}, {kind} machines")
        began = time.monotonic()
        up(project, kind)
        seconds[project.name] = time.monotonic() - began
    return {"added_s": seconds[many.name] - seconds[few.name], "up_s": seconds[many.name]}
