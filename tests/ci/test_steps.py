"""The shell steps of action, component and template, run as they stand in an empty home: what they install, the exit
code, the outputs, the comment."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.ci.extracted import github_step, gitlab_job, pipelines_step

WRONG = "name: digits\nentry_script: train_single.py\nworker_cout: 2\n"
MARK = "<!-- tfinfra plan -->"


class GitHub:
    """The part of GitHub's API that the comment needs, on loopback."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.refuses = False
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                outer.asked.append(f"{self.command} {self.path}")
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
                assert self.headers["Authorization"] == "Bearer t0ken"
                status, found = (
                    (403, {"message": "no"}) if outer.refuses else outer.answer(self.command, self.path, body)
                )
                content = b"" if found is None else json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815  the names that http.server looks for

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            page = int(path.rpartition("=")[2])
            return 200, self.comments[100 * (page - 1) : 100 * page]
        if method == "POST":
            self.comments.append({"id": 1000 + len(self.asked), "user": {"type": "Bot"}, **body})
            return 201, self.comments[-1]
        wanted = int(path.rpartition("/")[2])
        (found,) = [each for each in self.comments if each["id"] == wanted]
        if method == "DELETE":
            self.comments.remove(found)
            return 204, None
        found.update(body)
        return 200, found

    def variables(self, home: Path) -> dict[str, str]:
        event = home / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7}}))
        return {
            "GITHUB_API_URL": f"http://127.0.0.1:{self.server.server_port}",
            "GITHUB_REPOSITORY": "platform/trainings",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_STEP_SUMMARY": str(home / "summary.md"),
        }


@pytest.fixture
def github() -> Iterator[GitHub]:
    api = GitHub()
    yield api
    api.server.shutdown()
    api.server.server_close()


def test_validate_in_the_action(checkout: Path, home: Path, repository: Path) -> None:
    done, outputs = github_step(checkout, {"run": "validate"}, home, repository)
    assert (done.returncode, outputs["exit-code"]) == (0, "0"), done.stderr
    (repository / "wrong.yaml").write_text(WRONG)
    inputs = {"run": "validate", "sarif": "found.sarif", "junit": "found.xml", "manifests": "wrong.yaml\nsingle.yaml"}
    done, outputs = github_step(checkout, inputs, home, repository)
    assert (done.returncode, outputs["exit-code"]) == (3, "3"), done.stderr
    assert "unknown key 'worker_cout'" in done.stderr
    assert json.loads((repository / "found.sarif").read_text())["version"] == "2.1.0"
    assert "<failure" in (repository / "found.xml").read_text()


def test_guardrails_and_a_hostile_name_in_the_action(checkout: Path, home: Path, repository: Path) -> None:
    (home / "guardrails.yaml").write_text("allow: {max_nodes: 1}\n")
    inputs = {"run": "plan", "manifests": "horovod.yaml", "guardrails": str(home / "guardrails.yaml")}
    done, _ = github_step(checkout, inputs, home, repository)
    assert done.returncode == 3, done.stderr
    assert "guardrail allow.max_nodes" in done.stderr
    hostile = "$(touch owned)\";touch owned;'\n--live"
    done, _ = github_step(checkout, {"run": "plan", "manifests": hostile, "target": "$(touch owned)"}, home, repository)
    assert done.returncode == 3
    assert not list(home.parent.rglob("owned"))


def test_the_comment_on_a_pull_request(checkout: Path, home: Path, repository: Path, github: GitHub) -> None:
    """One comment that is made, written anew, and deleted where nothing changed; what others wrote stays."""
    theirs = {"id": 900, "user": {"type": "User"}, "body": f"look {MARK}"}
    github.comments += [{"id": 100 + n, "user": {"type": "User"}, "body": "x"} for n in range(120)] + [theirs]

    def plan(*manifests: str, **inputs: str) -> list[str]:
        given = {"run": "plan", "manifests": "\n".join(manifests), "token": "t0ken", **inputs}
        done, _ = github_step(checkout, given, home, repository, **github.variables(home))
        assert done.returncode == 0, done.stderr
        return [each["body"] for each in github.comments if each["user"]["type"] == "Bot"]

    (body,) = plan("azure-horovod.yaml")
    assert body.splitlines()[0].endswith(MARK)
    assert body in (home / "summary.md").read_text()
    (both,) = plan("azure-horovod.yaml", "single.yaml")
    assert both != body
    shutil.copytree(repository, home / "base")
    assert plan("azure-horovod.yaml", base=str(home / "base")) == []
    (always,) = plan("azure-horovod.yaml", base=str(home / "base"), comment="always")
    assert "nothing changed" in always
    assert len(plan("azure-horovod.yaml", comment="never")) == 1
    assert theirs in github.comments


def test_who_may_not_comment_gets_a_notice(checkout: Path, home: Path, repository: Path, github: GitHub) -> None:
    """As a pull request from a fork, whose token only reads."""
    github.refuses = True
    inputs = {"run": "plan", "manifests": "azure-horovod.yaml", "token": "t0ken"}
    done, _ = github_step(checkout, inputs, home, repository, **github.variables(home))
    assert done.returncode == 0, done.stderr
    assert "::notice title=tfinfra::no comment could be written: HTTP Error 403" in done.stdout
    assert "t0ken" not in done.stdout + done.stderr


def test_the_component_of_gitlab(published: Path, home: Path, repository: Path) -> None:
    (repository / "wrong.yaml").write_text(WRONG)
    inputs = {"run": "validate", "source": str(published), "ref": "v1", "manifests": "wrong.yaml"}
    done = gitlab_job(inputs, home, repository)
    assert done.returncode == 3, done.stderr
    assert "<failure" in (repository / "tfinfra-junit.xml").read_text()
    assert (repository / "tfinfra.env").read_text() == "TFINFRA_RUN=\n"


def test_the_template_of_azure_pipelines(published: Path, home: Path, repository: Path) -> None:
    parameters = {"run": "validate", "source": str(published), "ref": "v1", "manifests": "single.yaml"}
    done = pipelines_step(parameters, home, repository)
    assert done.returncode == 0, done.stderr
    assert "##vso[task.setvariable variable=exitCode;isOutput=true]0" in done.stdout
    assert "<testsuite" in (home / "tfinfra-junit.xml").read_text()
