"""What the steps of others do in the pipelines of docs/ci.md, played: all of them are named here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.ci.runners import github, pipelines


def checkout(job: github.JobRun, given: Mapping[str, str]) -> github.Step:
    """actions/checkout: a commit of a repository, the one under test where none is named."""
    assert given.keys() <= {"repository", "ref", "path", "persist-credentials"}
    repository = job.site.repositories[given.get("repository", "")]
    job.machine.clone(repository, job.machine.work / given.get("path", "."), given.get("ref"))
    return github.Step("actions/checkout", 0)


def upload_artifact(job: github.JobRun, given: Mapping[str, str]) -> github.Step:
    """actions/upload-artifact: keeps a folder; one that is not there is a warning."""
    assert given.keys() == {"name", "path"}
    _keep(job.machine.work / given["path"], job.machine.kept / given["name"])
    return github.Step("actions/upload-artifact", 0)


def azure_cli(job: pipelines.JobRun, given: Mapping[str, str]) -> tuple[int, str, str]:
    """AzureCLI@2: a script that sees the ids of a service connection, and who may ask for its assertions."""
    assert (given["scriptType"], given["scriptLocation"]) == ("bash", "inlineScript")
    return job.shell(given["inlineScript"], job.organization.connections[given["azureSubscription"]])


def publish_test_results(job: pipelines.JobRun, given: Mapping[str, str]) -> tuple[int, str, str]:
    """PublishTestResults@2: keeps the file; one that is not there is a warning."""
    assert given["testResultsFormat"] == "JUnit"
    _keep(Path(given["testResultsFiles"]), job.machine.kept / Path(given["testResultsFiles"]).name)
    return 0, "", ""


def publish(job: pipelines.JobRun, given: Mapping[str, str]) -> tuple[int, str, str]:
    """A step `publish`: keeps a folder, and fails where there is none."""
    _keep(job.machine.work / given["path"], job.machine.kept / given["artifact"])
    return int(not (job.machine.kept / given["artifact"]).exists()), "", ""


def _keep(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.is_file():
        shutil.copy(source, target)


GITHUB: dict[str, github.Played] = {"actions/checkout": checkout, "actions/upload-artifact": upload_artifact}
PIPELINES: dict[str, pipelines.Played] = {
    "AzureCLI@2": azure_cli,
    "PublishTestResults@2": publish_test_results,
    "publish": publish,
}
