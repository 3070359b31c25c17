"""A step of GitHub's action: the job, then the comment on the pull request and the summary of the job.

The comment is tfinfra's `--markdown`: one for each verb, found again by the HTML comment in its first line. Who may
not write comments (a pull request from a fork has a token that only reads) gets a notice; the exit code is the verb's.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATIENCE = 30.0
"""Seconds for each call of GitHub's API."""
PAGES = 20
"""Pages of a hundred comments that are looked through for ours."""
COMMENTED = ("validate", "compile", "plan", "check")


def main() -> int:
    """The exit code of the job."""
    verb, when = os.environ.get("TFINFRA_CI_RUN", ""), os.environ.get("TFINFRA_CI_COMMENT") or "on-change"
    if when not in ("on-change", "always", "never"):
        sys.stderr.write(f"error: comment is '{when}'; it is on-change, always or never\n")
        return 2
    text = Path(tempfile.mkdtemp(dir=os.environ.get("RUNNER_TEMP"))) / "comment.md"
    # The token writes to the repository: neither training code nor a policy pack may see it.
    variables = {name: value for name, value in os.environ.items() if name != "TFINFRA_CI_TOKEN"}
    variables["TFINFRA_CI_OUTPUT"] = os.environ.get("GITHUB_OUTPUT", "")
    if verb in COMMENTED:
        variables["TFINFRA_CI_MARKDOWN"] = str(text)
    job = [sys.executable, "-I", str(Path(__file__).with_name("job.py"))]
    with subprocess.Popen(job, env=variables, start_new_session=True) as process:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda heard, _: process.send_signal(heard))
    code = process.returncode
    if text.is_file():
        _tell(verb, text.read_text("utf-8"), when)
    return code


def _tell(verb: str, text: str, when: str) -> None:
    """The text in the job's summary, and as the comment that `when` asks for."""
    if text and (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
    request = _pull_request()
    if when == "never" or request is None:
        return
    mark = f"<!-- tfinfra {verb} -->"
    if not text and when == "always":
        text = f"**tfinfra {verb}** · nothing changed {mark}\n"
    try:
        _comment(request, mark, text)
    except (OSError, ValueError) as error:  # URLError is one
        print(f"::notice title=tfinfra::no comment could be written: {' '.join(str(error).split())}")


def _comment(request: int, mark: str, text: str) -> None:
    """Writes the comment of this mark anew, makes it, or, without a text, deletes it."""
    path = f"/repos/{os.environ.get('GITHUB_REPOSITORY', '')}/issues"
    own = next((each["id"] for each in _comments(f"{path}/{request}/comments") if _is_own(each, mark)), None)
    if text and own is not None:
        _api("PATCH", f"{path}/comments/{own}", {"body": text})
    elif text:
        _api("POST", f"{path}/{request}/comments", {"body": text})
    elif own is not None:
        _api("DELETE", f"{path}/comments/{own}")


def _is_own(comment: dict[str, Any], mark: str) -> bool:
    """A program's comment of this mark: what a person wrote, even with the mark in it, is left alone."""
    first = str(comment.get("body") or "").partition("\n")[0].rstrip()
    return first.endswith(mark) and (comment.get("user") or {}).get("type") == "Bot"


def _comments(path: str) -> Iterator[dict[str, Any]]:
    for page in range(1, PAGES + 1):
        found = _api("GET", f"{path}?per_page=100&page={page}")
        yield from found
        if len(found) < 100:
            return


def _pull_request() -> int | None:
    """The number of the pull request that the job is about, as the event says."""
    try:
        event = json.loads(Path(os.environ.get("GITHUB_EVENT_PATH", "")).read_text("utf-8"))
        return int(event["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError):  # another event
        return None


def _api(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    """GitHub's answer. Raises OSError (URLError) where it refuses or is not there, ValueError for what is no JSON."""
    base = os.environ.get("GITHUB_API_URL", "https://api.github.com")
    if not base.startswith(("https://", "http://127.0.0.1:")):
        raise ValueError("GITHUB_API_URL is not https")
    request = urllib.request.Request(
        base + path,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ.get('TFINFRA_CI_TOKEN', '')}",
            "Content-Type": "application/json",
            "X-GitHub-Api-Version": "2022-11-28",
        },
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        content = answer.read()
    return json.loads(content) if content else None


if __name__ == "__main__":
    sys.exit(main())
