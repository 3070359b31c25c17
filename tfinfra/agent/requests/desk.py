"""Takes what the run's client asks of this node, and nothing that anybody else does: out of a container that nodes may
only read, signed by the key of the node's settings, for this run and this node, before it expires, and once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.node_records import write
from tfinfra.agent.requests.taken_numbers import TakenNumbers
from tfinfra.errors import first_line
from tfinfra.model import Unfit, decode
from tfinfra.model.requests import LONGEST, Answer, Request, SignedRequest
from tfinfra.signing import CannotVerify, is_signed
from tfinfra.store import ObjectStore, Unreadable, encode, keys, read, store_errors

Take = Callable[[Request], None]
"""Does what is asked; what it raises is logged, and the next request has its turn."""
_TICK = 0.1
_SOON, _UNWATCHED = 0.2, 15.0
"""Seconds between two looks: each look at a remote store is a transaction."""
_MOST_AT_ONCE, _MOST_REMEMBERED = 100, 10_000
_log = logging.getLogger(__name__)


class RequestDesk:
    """Looks for requests from a thread of its own, which lives as long as the agent: what it starts dies with that.

    `take` has what is done for each kind, called in that thread; `tick` is called there a few times a second.
    """

    def __init__(self, context: AgentContext, rank: int, take: Mapping[str, Take], tick: Callable[[], None]) -> None:
        self._context = context
        self._rank = rank
        self._take = take
        self._tick = tick
        self._taken = TakenNumbers(context.paths.requests, context.clock.time)
        self._seen: set[str] = set()
        self._looked = float("-inf")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="requests", daemon=True)

    def start(self) -> None:
        """Does nothing where the settings name no container, or no key: nobody may ask anything then."""
        if self._context.settings.requests and self._context.settings.requests_key:
            self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def is_due(self) -> bool:
        """Whether it is time for the next look, which counts as done then. Whoever asks something watches the run."""
        now, pause = self._context.clock.monotonic(), max(_SOON, self._context.pause)
        if now - self._looked < (pause if self._context.logs.is_watched() else _UNWATCHED):
            return False
        self._looked = now
        return True

    def look(self, container: ObjectStore) -> None:
        """Takes each request that is new and good. Raises what the store raises."""
        new = [key for key in container.list("") if key not in self._seen]
        for key in new[:_MOST_AT_ONCE]:
            if len(self._seen) >= _MOST_REMEMBERED:
                self._seen.clear()  # what is good among them is known by its number
            said = read(container, key, SignedRequest)
            request = said if said is None or isinstance(said, Unreadable) else self._judged(key, said)
            self._seen.add(key)
            if isinstance(request, Request):
                self._do(request)
            elif request is not None:
                _log.warning("%s", request)

    def _judged(self, key: str, said: SignedRequest) -> Request | Unreadable | None:
        """The request, what is wrong with it, or None where it is none of this node's business, or was."""
        settings, now = self._context.settings, self._context.clock.time()
        try:
            request = decode(Request, said.text.encode())
        except Unfit as error:
            return Unreadable(key, str(error))
        if self._rank not in request.nodes:
            return None  # before the signature: each look at one starts a process, and a pool asks one node of many
        if not is_signed(said.text, said.signature, settings.requests_key or ""):
            return Unreadable(key, "the run's client has not signed it: who else may write into the store?")
        if request.run != settings.run:
            return Unreadable(key, f"it is of the run {request.run}")
        if not now < request.expires <= now + LONGEST:
            why = "it has expired, or is made for too long: do the clocks agree?"
            answer = Answer("refused", message=why)
            self._context.store.put_if_absent(keys.answer_key(request.number, self._rank), encode(answer))
            return Unreadable(key, why)
        return request if self._taken.take(request.number, request.expires) else None

    def _do(self, request: Request) -> None:
        _log.info("taken: %s %s", request.kind, request.number)
        take = self._take.get(request.kind)
        if take is None:
            self.answer(request, Answer("refused", message="this node takes no such request"))
            return
        try:
            take(request)
        except Exception as error:  # noqa: BLE001  the outermost edge: the next request must have its turn
            _log.exception("%s %s failed", request.kind, request.number)
            self.answer(request, Answer("refused", message=f"the node's agent failed: {first_line(error)}"))

    def answer(self, request: Request, answer: Answer) -> None:
        write(self._context.store, keys.answer_key(request.number, self._rank), answer)

    def _run(self) -> None:
        container: ObjectStore | None = None
        while not self._ended.wait(_TICK):
            try:
                self._tick()
            except Exception:  # noqa: BLE001  as below: whoever asks next must be heard
                _log.exception("what the client has asked for could not be brought on")
            try:
                if not self.is_due():
                    continue
                container = container or self._context.open_store(self._context.settings.requests or "", patience=0)
                self.look(container)
            except CannotVerify as why:
                _log.warning("nothing is taken from the client: %s", why)
                self._ended.wait(_UNWATCHED)
            except store_errors() as error:
                _log.warning("could not look for requests: %s", first_line(error))
            except Exception:  # noqa: BLE001  the outermost edge: a node that hears nothing more cannot be told anything
                _log.exception("could not look for requests")
