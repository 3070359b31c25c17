"""The paths of the server: what each shows, and what each does. An id in a path is a run's, or nothing is there; no
part of a path is ever one of this machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from tfinfra.errors import UsageError
from tfinfra.lifecycle.asking.extend import Extended, would_extend
from tfinfra.lifecycle.attach.find_run import find_run
from tfinfra.lifecycle.record.run_record import RunFolder, run_folder
from tfinfra.system.clock import right_now, seconds_of
from tfinfra.system.paths import state_folder
from tfinfra.ui import pages, run_seen, runs_table
from tfinfra.ui.acts import Acts
from tfinfra.ui.asking import Forms, Question, Questions
from tfinfra.ui.entrance.door import Door
from tfinfra.ui.entrance.guard import FORM_BYTES, WELCOME, Guard, Refused, hosts
from tfinfra.ui.following import Following
from tfinfra.ui.looks import Look, Looks, in_words
from tfinfra.ui.run_seen import Seen, Shown
from tfinfra.ui.runs_table import Row, Wanted
from tfinfra.ui.shown import row_values, run_values, together
from tfinfra.ui.terms import extend_terms, stop_terms

KINDS = ("training", "held", "deleted", "succeeded", "failed", "cancelled", "limit", "error", "incomplete", "unknown")
TIMES = ("30m", "1h", "2h", "4h", "8h")
_REPORTS = 8
"""Reports that are kept, each of some megabytes at most."""
_METRIC_FRESH, _METRIC_WAIT = 10.0, 0.5
_BEGUN, _ACTED = 10.0, 2.5
"""Seconds for which a page waits until what was asked for is begun, and then for its end, so that it can say it."""
_HEADINGS = {403: "Not let in", 404: "Nothing is there", 421: "Not this server", 500: "That did not work"}


def guarded(ui: Ui, port: int) -> Guard:
    """The app that a server on `port` is to run."""
    return Guard(ui.app(), ui.door, hosts(port, ui.door.host), pages.policy(), refused)


def refused(why: Refused) -> ASGIApp:
    """The answer to a request that gets no page."""
    return _message(why.status, why.why)


def _message(status: int, text: str) -> Response:
    heading = _HEADINGS.get(status, "That is not taken")
    return HTMLResponse(pages.page("message.html", heading, heading=heading, text=text), status)


class Ui:
    """What the pages of one server have in common."""

    def __init__(self, door: Door, acts: Acts) -> None:
        self.door = door
        self._acts = acts
        self._looks, self._reports = Looks(), Looks(_REPORTS)
        self._following = Following(self._looks)
        self._questions = Questions(right_now)
        self._forms = Forms(self._questions)
        self._metrics = runs_table.Metrics()

    def app(self) -> ASGIApp:
        """Its pages, without what guards them. A fault of ours is raised: the guard has a page for it."""
        routes = [
            Route(WELCOME, _welcome),
            Route("/", self.runs),
            Route("/runs/{run}", self.run),
            Route("/runs/{run}/lines", self.lines),
            Route("/runs/{run}/stop", self.ask_stop, methods=["GET"]),
            Route("/runs/{run}/extend", self.ask_extend, methods=["GET"]),
            Route("/runs/{run}/{verb}", self.act, methods=["POST"]),
        ]
        handlers: dict[Any, Any] = {HTTPException: _of_http}
        return ExceptionMiddleware(Router(routes, default=_nothing), handlers)

    # The runs

    async def runs(self, request: Request) -> Response:
        """The table."""
        known: list[Row] | None = self._looks.known("runs")
        look = await self._looks.at("runs", runs_table.read_rows, runs_table.fresh_for(known))
        trouble, rows = look.trouble, look.value
        if rows is None:
            rows = (await self._looks.at("records", runs_table.recorded_rows, runs_table.HERE_FRESH)).value or []
        wanted = _wanted(request)
        found = wanted.rows(rows)
        shown = found[wanted.page * runs_table.PAGE :][: runs_table.PAGE]
        metrics = await self._metrics_of(shown)
        values = {
            "rows": [row_values(row, metrics.get(row.status.run, ""), right_now()) for row in shown],
            "wanted": wanted,
            "kinds": KINDS,
            "trouble": together(trouble, look.at),
            "nothing": "No run is like that." if rows else "No runs yet: `tfinfra up MANIFEST` begins one.",
            "pages": -(-len(found) // runs_table.PAGE),
            "before": _page_link(wanted, wanted.page - 1),
            "after": _page_link(wanted, wanted.page + 1),
        }
        return HTMLResponse(pages.page("runs.html", "Runs", refresh=True, **values))

    async def _metrics_of(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """The metric of each run: of those that go on by what was read of them last, or can be read in a moment."""
        live = [("run", row.status.run) for row in rows if row.live and row.status.groups]
        runs = [run for _, run in self._looks.longest_ago(live)]
        looks = await asyncio.gather(*(self._look(run, _METRIC_FRESH, _METRIC_WAIT, dozen=True) for run in runs))
        ended = self._looks.at(("metrics", *(row.status.run for row in rows)), partial(self._metrics.of, rows), 2.0)
        found = dict((await ended).value or {})
        return found | {run: look.value.metric_text for run, look in zip(runs, looks, strict=True) if look.value}

    # One run

    async def run(self, request: Request) -> Response:
        """How it stands, the log of a task, and all that is known of it."""
        run = self._known(request)
        seen, trouble = await self._seen(run)
        if seen is None:
            raise HTTPException(404, trouble)
        task = _task(request, seen)
        news = await self._following.news(seen, task, "") if task else None
        watch = request.query_params.get("watch") == "1"
        state = seen.document["state"]
        values = {
            **run_values(seen, right_now()),
            "trouble": trouble,
            "act": self._acts.of(run),
            "task": task,
            "watch": watch,
            "lines_at": f"/runs/{run}/lines?{urlencode({'task': task, **({'watch': 1} if watch else {})})}",
            "lines": news.lines[-200:] if news else (),
            "cursor": news.next if news else "",
            "log_note": news.note if news else "",
            "report": await self._report(seen),
        }
        return HTMLResponse(pages.page("run.html", run, refresh=str(state["state"]) != "deleted", **values))

    async def _report(self, seen: Seen) -> Shown:
        if seen.found is None or seen.record is None:
            return Shown()
        fresh = run_seen.REPORT_DEARER * run_seen.fresh_for(seen)
        look = await self._reports.at(seen.run, partial(run_seen.report_of, seen.found), fresh)
        if look.value is None:
            return Shown(note=look.trouble or "its report is being made")
        return look.value

    async def lines(self, request: Request) -> Response:
        """What is new of a task's log, as JSON: {lines, next, anew, note}."""
        run = self._known(request)
        seen, trouble = await self._seen(run)
        if seen is None:
            raise HTTPException(404, trouble)
        task = _task(request, seen)
        if task is None:
            raise HTTPException(404, "no task of it is known")
        if request.query_params.get("watch") == "1":
            await self._following.watch(seen)
        news = await self._following.news(seen, task, request.query_params.get("after", ""))
        return JSONResponse({"lines": news.lines, "next": news.next, "anew": news.anew, "note": news.note})

    async def _look(
        self, run: str, fresh: float | None = None, wait: float | None = None, *, dozen: bool = False
    ) -> Look[Seen]:
        known: Seen | None = self._looks.known(("run", run))
        every = max(fresh or 0.0, run_seen.fresh_for(known))
        return await self._looks.at(("run", run), partial(run_seen.see, run), every, wait, dozen=dozen)

    async def _seen(self, run: str) -> tuple[Seen | None, str]:
        """The run, by its record alone where its cloud has not answered yet; and what is wrong."""
        look = await self._look(run)
        if look.value is not None:
            return look.value, together(look.trouble, look.at)
        own = await self._looks.at(("record", run), partial(run_seen.recorded, run), run_seen.HERE_FRESH)
        return own.value, together(look.trouble, None) or own.trouble

    def _known(self, request: Request) -> str:
        """The run that the path names. Raises HTTPException where this machine knows none."""
        run = str(request.path_params["run"])
        rows: list[Row] = self._looks.known("runs") or []
        if not run_seen.is_run_id(run) or not (run_seen.has_record(run) or any(r.status.run == run for r in rows)):
            raise HTTPException(404, "there is no such run here")
        return run

    # What can be done

    async def ask_stop(self, request: Request) -> Response:
        """What a stop would do."""
        run = self._known(request)
        seen, trouble = await self._seen(run)
        cookie = str(request.state.cookie)
        if seen is None:  # it is found by its groups alone: what it is cannot be told
            terms = ["All that its groups' names and tags say is its is deleted; outputs come home first if they can."]
        else:
            terms = list(stop_terms(seen))
        values = {
            "heading": f"Stop {run}, and delete what it made?",
            "trouble": trouble,
            "terms": terms,
            "secret": self._questions.ask(Question(cookie, run, "down")),
            "does": "Stop and delete",
            "danger": True,
            "command": f"tfinfra down {run}",
        }
        return self._confirm(run, "stop", values)

    async def ask_extend(self, request: Request) -> Response:
        """How much more time, and then what that would cost."""
        run, time = self._known(request), request.query_params.get("time", "")
        values: dict[str, Any] = {"heading": f"More time for the nodes of {run}", "choices": TIMES}
        if time:
            seconds = seconds_of(time)
            look: Look[Extended] = Look(None, None, f"'{time}' is no time: write it as 30m, 2h or 1d")
            if seconds:
                offer = partial(_offer, run, seconds)
                look = await self._looks.at(("offer", run, seconds), offer, 1.0, 20.0)
            values["trouble"] = look.trouble
            if look.value is not None and not look.trouble:
                until = look.value.deadline
                question = Question(str(request.state.cookie), run, "extend", (f"{seconds}s",), until)
                values |= {
                    "heading": f"Give the nodes of {run} more time?",
                    "terms": list(extend_terms(look.value)),
                    "secret": self._questions.ask(question),
                    "words": question.words,
                    "until": until,
                    "does": "Give it more time",
                    "command": f"tfinfra extend {run} {time}",
                }
        return self._confirm(run, "extend", values)

    def _confirm(self, run: str, path: str, values: Mapping[str, Any]) -> Response:
        empty = {"trouble": "", "terms": (), "words": (), "choices": (), "danger": False}
        empty |= {"secret": "", "does": "", "until": "", "command": "", "action": f"/runs/{run}/{path}", "run": run}
        return HTMLResponse(pages.page("confirm.html", str(values["heading"]), **{**empty, **values}))

    async def act(self, request: Request) -> Response:
        """Does what a form asks for, once."""
        run, form = self._known(request), await _form(request)
        verb = {"stop": "down", "extend": "extend"}.get(request.path_params["verb"])
        if verb is None:
            raise HTTPException(404, "there is no such form")
        words = tuple(value for name, value in form if name == "word")
        secret, until = (next((value for key, value in form if key == name), "") for name in ("secret", "until"))
        question = Question(str(request.state.cookie), run, verb, words, until)
        try:
            good = await self._forms.sent(secret, question, partial(self._begin, question), _BEGUN)
        except Exception as error:
            raise HTTPException(409 if isinstance(error, UsageError) else 502, in_words(error)) from error
        if not good:
            raise HTTPException(403, "this form was shown too long ago, or to another browser: ask again")
        await self._end_of(run)
        self._looks.stale(("run", run))
        self._looks.stale("runs")
        return RedirectResponse(f"/runs/{run}", 303)

    def _begin(self, question: Question) -> None:
        run, verb, words = question.run, question.verb, question.words
        seen: Seen | None = self._looks.known(("run", run))
        folder: RunFolder = seen.found.folder if seen and seen.found else run_folder(state_folder(), run)
        self._acts.begin(folder, verb, *words, check=partial(_as_shown, question))

    async def _end_of(self, run: str) -> None:
        until = time.monotonic() + _ACTED
        while (act := self._acts.of(run)) and act.status is None and time.monotonic() < until:
            await asyncio.sleep(0.05)


def _as_shown(question: Question) -> None:
    """Raises UsageError where what was agreed to is no longer what would be done."""
    if not question.until:
        return
    now = _offer(question.run, seconds_of(question.words[0]) or 0)
    if now.deadline != question.until:
        why = f"since this was asked the deadline of {question.run} has changed, to {now.before}: nothing was done"
        raise UsageError(why, hint="ask again for the time that it is to have more")


def _offer(run: str, seconds: int) -> Extended:
    return would_extend(find_run(run), seconds)


async def _welcome(request: Request) -> Response:
    del request
    return HTMLResponse(pages.page("welcome.html", ""))


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    del scope, receive, send
    raise HTTPException(404, "there is no such page")


async def _of_http(request: Request, error: HTTPException) -> Response:
    del request
    return _message(error.status_code, error.detail)


async def _form(request: Request) -> list[tuple[str, str]]:
    """The fields of a form. Raises HTTPException for one that is longer than ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FORM_BYTES:
            raise HTTPException(413, "that form is too long")
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=16)
    except ValueError:
        raise HTTPException(400, "that is no form") from None


def _wanted(request: Request) -> Wanted:
    asked = request.query_params
    page = asked.get("page", "0")
    number = int(page) if page.isdecimal() and page.isascii() and len(page) < 6 else 0
    return Wanted(asked.get("text", "")[:100], asked.get("kind", "")[:20], number)


def _page_link(wanted: Wanted, page: int) -> str:
    return "/?" + urlencode({"text": wanted.text, "kind": wanted.kind, "page": page})


def _task(request: Request, seen: Seen) -> str | None:
    """The task that is asked for, where the run has it; else the leader."""
    asked = request.query_params.get("task", "")
    return asked if asked in seen.tasks else next(iter(seen.tasks), None)
