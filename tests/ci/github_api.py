"""The part of GitHub's API that the comment on a pull request needs, on loopback."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class GitHub:
    """`comments` are those of the pull request, `asked` what was asked; `refuses`: a token that only reads."""

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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def variables(self, home: Path) -> dict[str, str]:
        """Of a job about the pull request, which has a summary in `home`."""
        event = home / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7}}))
        return {
            "GITHUB_API_URL": self.url,
            "GITHUB_REPOSITORY": "platform/trainings",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_STEP_SUMMARY": str(home / "summary.md"),
        }
