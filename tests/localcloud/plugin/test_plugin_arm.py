"""The plugin asks, repeats, waits and says what azure-native 3.29 does; ARM's side is played, and so is the time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tfinfra.localcloud.plugin.arm_client import ArmClient
from tfinfra.localcloud.plugin.azcore_pipeline import Pacing
from tfinfra.localcloud.plugin.provider_errors import PartlyCreated, ProviderError
from tfinfra.localcloud.plugin.transport import HttpRequest, HttpResponse, NoResponse

ENDPOINT = "https://127.0.0.1:1"
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/nodes"
OPERATION, RESULT = f"{ENDPOINT}/subscriptions/s/operations/1", f"{ENDPOINT}/subscriptions/s/operationresults/1"


def answer(status: int, body: Any = None, **headers: str) -> HttpResponse:
    """`headers` with underscores for dashes; a text as `body` is no JSON."""
    lowered = {name.replace("_", "-"): value for name, value in headers.items()}
    if isinstance(body, str):
        return HttpResponse(status, lowered, None, body)
    return HttpResponse(status, lowered, body or {}, json.dumps(body) if body else "")


def error(status: int, code: str, message: str, details: Any = None) -> HttpResponse:
    told = {"code": code, "message": message, **({"details": details} if details else {})}
    return answer(status, {"error": told})


LOST = None  # nobody answers
MADE = {"id": ID, "properties": {"provisioningState": "Succeeded"}}
BEGUN = answer(201, {"id": ID, "properties": {"provisioningState": "Creating"}}, azure_asyncoperation=OPERATION)
GOES_ON, DONE = answer(200, {"status": "InProgress"}), answer(200, {"status": "Succeeded"})
NO_ROOM = answer(200, {"status": "Failed", "error": {"code": "AllocationFailed", "message": "No room."}})
GONE = error(404, "ResourceNotFound", "The Resource was not found.")
BUSY = answer(503, {}, retry_after="7")
UNREGISTERED = error(
    409,
    "MissingSubscriptionRegistration",
    "The subscription is not registered to use namespace 'Microsoft.Compute'.",
    [{"code": "MissingSubscriptionRegistration", "target": "Microsoft.Compute", "message": "…"}],
)


class Played:
    """An ARM that gives these answers in turn, the last one for ever. `asked` are the requests as "METHOD path",
    `slept` the pauses between them in seconds."""

    def __init__(self, *answers: HttpResponse | None) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.slept: list[float] = []
        self.arm = ArmClient(ENDPOINT, self.send, Pacing(sleep=self.slept.append))

    def send(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(f"{request.method} {request.target.partition('?')[0]}")
        given = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if given is None:
            raise NoResponse(request, ConnectionRefusedError("refused"))
        return given


def written(arm: ArmClient) -> Any:
    return arm.put(ID, "2024-11-01", {})


# What is asked, and how long is waited

REPEATED: dict[str, tuple[tuple[HttpResponse | None, ...], int, tuple[float, ...]]] = {
    "throttled without a time": ((answer(429), answer(429), answer(200, MADE)), 3, (20, 60)),
    "throttled with a time": ((answer(429, {}, retry_after="17"), answer(200, MADE)), 2, (17,)),
    "a Retry-After of nothing is none": ((answer(503, {}, retry_after="0"), answer(200, MADE)), 2, (20,)),
    "nobody answers for a while": ((LOST, LOST, LOST, answer(200, MADE)), 4, (20, 60, 120)),
    "another operation on the resource": (
        (error(409, "AnotherOperationInProgress", "…"), answer(200, MADE)),
        2,
        (20,),
    ),
}


@pytest.mark.parametrize(("answers", "requests", "pauses"), REPEATED.values(), ids=REPEATED.keys())
def test_what_passes_is_repeated_as_azcore_repeats(
    answers: tuple[HttpResponse | None, ...], requests: int, pauses: tuple[float, ...]
) -> None:
    played = Played(*answers)
    assert written(played.arm) == MADE
    assert played.asked == [f"PUT {ID}"] * requests
    for slept, pause in zip(played.slept, pauses, strict=True):
        assert slept == pause if pause < 20 else 0.8 * pause <= slept <= min(1.3 * pause, 120)


LAST: dict[str, tuple[HttpResponse | None, int, str]] = {
    "after three repeats": (error(500, "InternalServerError", "No."), 4, 'Status=500 Code="InternalServerError"'),
    "at once where more than two minutes are asked for": (
        answer(429, {"error": {"message": "Wait."}}, retry_after="121"),
        1,
        'Status=429 Message="Wait."',
    ),
    "at once where it does not pass": (error(409, "Conflict", "No."), 1, 'Status=409 Code="Conflict" Message="No."'),
    "after three repeats where nobody answers": (
        LOST,
        4,
        f'Put "{ENDPOINT}{ID}?api-version=2024-11-01": dial tcp 127.0.0.1:1: connect: connection refused',
    ),
}


@pytest.mark.parametrize(("given", "requests", "told"), LAST.values(), ids=LAST.keys())
def test_the_patience_ends(given: HttpResponse | None, requests: int, told: str) -> None:
    played = Played(given)
    with pytest.raises(ProviderError) as caught:
        written(played.arm)
    assert str(caught.value).startswith(told)
    assert len(played.asked) == requests


def test_a_pace_shortens_what_is_waited_of_its_own_accord_and_nothing_else() -> None:
    slept: list[float] = []
    pacing = Pacing(pace=0.01, sleep=slept.append)
    pacing.wait_paced(20)
    pacing.wait(20)
    assert slept == [0.2, 20]


# Long-running operations

WRITES: dict[str, tuple[tuple[HttpResponse, ...], list[str], list[float]]] = {
    "by Azure-AsyncOperation, then from the resource": (
        (BEGUN, GOES_ON, DONE, answer(200, MADE)),
        [f"PUT {ID}", "GET /subscriptions/s/operations/1", "GET /subscriptions/s/operations/1", f"GET {ID}"],
        [10],
    ),
    "by Azure-AsyncOperation at ARM's own pace": (
        (
            answer(201, {}, azure_asyncoperation=OPERATION, retry_after="3"),
            answer(200, {"status": "InProgress"}, retry_after="5"),
            DONE,
            answer(200, MADE),
        ),
        [f"PUT {ID}", "GET /subscriptions/s/operations/1", "GET /subscriptions/s/operations/1", f"GET {ID}"],
        [3, 5],
    ),
    "by Location": (
        (answer(202, {}, location="/subscriptions/s/operationresults/1"), answer(202), answer(200, MADE)),
        [f"PUT {ID}", "GET /subscriptions/s/operationresults/1", "GET /subscriptions/s/operationresults/1"],
        [10],
    ),
    "by the resource itself": (
        (answer(201, {"properties": {"provisioningState": "Creating"}}), answer(200, MADE)),
        [f"PUT {ID}", f"GET {ID}"],
        [],
    ),
    "not at all where it is made at once": ((answer(201, MADE),), [f"PUT {ID}"], []),
    "through a fault of the operation's address": (
        (BEGUN, BUSY, DONE, answer(200, MADE)),
        [f"PUT {ID}", "GET /subscriptions/s/operations/1", "GET /subscriptions/s/operations/1", f"GET {ID}"],
        [7],
    ),
}


@pytest.mark.parametrize(("answers", "asked", "slept"), WRITES.values(), ids=WRITES.keys())
def test_a_write_is_followed(answers: tuple[HttpResponse, ...], asked: list[str], slept: list[float]) -> None:
    played = Played(*answers)
    assert written(played.arm) == MADE
    assert (played.asked, played.slept) == (asked, slept)


DELETIONS: dict[str, tuple[tuple[HttpResponse, ...], int, list[float]]] = {
    "followed by Location, with half a minute between two looks": (
        (answer(202, {}, location=RESULT, retry_after="0"), answer(202, {}, location=RESULT), answer(204)),
        3,
        [30],
    ),
    "done at once": ((answer(200),), 1, []),
    "of what is gone": ((GONE,), 1, []),
    "of what goes by itself meanwhile": ((answer(202, {}, location=RESULT), GONE), 2, []),
}


@pytest.mark.parametrize(("answers", "requests", "slept"), DELETIONS.values(), ids=DELETIONS.keys())
def test_a_deletion_ends_well(answers: tuple[HttpResponse, ...], requests: int, slept: list[float]) -> None:
    played = Played(*answers)
    played.arm.delete(ID, "2024-11-01")
    assert (len(played.asked), played.slept) == (requests, slept)


def test_a_write_that_fails_late_leaves_what_is_there() -> None:
    played = Played(BEGUN, NO_ROOM, answer(200, {"id": ID, "properties": {"provisioningState": "Failed"}}))
    with pytest.raises(PartlyCreated) as caught:
        written(played.arm)
    assert str(caught.value) == 'Status=200 Code="AllocationFailed" Message="No room."'
    assert caught.value.state == {"id": ID, "properties": {"provisioningState": "Failed"}}
    assert played.asked[-1] == f"GET {ID}"


def test_what_cannot_be_read_after_such_a_write_is_told_before_its_own_error() -> None:
    with pytest.raises(PartlyCreated) as caught:
        written(Played(BEGUN, NO_ROOM, GONE).arm)
    assert str(caught.value) == (
        'resource created but read failed Status=404 Code="ResourceNotFound" Message="The Resource was not found.": '
        'Status=200 Code="AllocationFailed" Message="No room."'
    )
    assert caught.value.state is None


def test_an_update_that_is_cancelled_stops_waiting() -> None:
    played = Played(BEGUN, GOES_ON)
    played.arm.pacing.sleep = lambda _: played.arm.pacing.stopped.set()
    with pytest.raises(PartlyCreated, match="context canceled"):
        written(played.arm)


# Before a create

DENIED = error(403, "AuthorizationFailed", "The client has no authorization.")
CHECKED: dict[str, tuple[str, HttpResponse, str | None]] = {
    "nothing there": ("GET", GONE, None),
    "nothing there, by HEAD": ("HEAD", answer(404), None),
    "an empty answer, as some types give for nothing": ("GET", answer(200), None),
    "no content, as linking types give for nothing": ("GET", answer(204), None),
    "there already": ("GET", answer(200, MADE), f"cannot create already existing resource '{ID}'"),
    "there already, by HEAD": ("HEAD", answer(204), f"cannot create already existing resource '{ID}'"),
    "may not be asked": (
        "GET",
        DENIED,
        f"cannot check existence of resource '{ID}': status code 403, "
        '{"error": {"code": "AuthorizationFailed", "message": "The client has no authorization."}}',
    ),
}


@pytest.mark.parametrize(("method", "given", "told"), CHECKED.values(), ids=CHECKED.keys())
def test_a_resource_is_looked_for_before_it_is_created(method: str, given: HttpResponse, told: str | None) -> None:
    played = Played(given)
    try:
        played.arm.check_absent(ID, "2024-11-01", method)
    except ProviderError as refused:
        assert str(refused) == told
    else:
        assert told is None
    assert played.asked == [f"{method} {ID}"]


# Registration

REGISTER, PROVIDER = (
    "POST /subscriptions/s/providers/Microsoft.Compute/register",
    "GET /subscriptions/s/providers/Microsoft.Compute",
)


def test_a_provider_that_is_not_registered_is_registered_and_waited_for() -> None:
    registering, registered = (answer(200, {"registrationState": s}) for s in ("Registering", "Registered"))
    played = Played(UNREGISTERED, registering, registering, registered, answer(200, MADE))
    assert written(played.arm) == MADE
    assert played.asked == [f"PUT {ID}", REGISTER, PROVIDER, PROVIDER, f"PUT {ID}"]
    assert played.slept == [15]


def test_a_registration_that_is_refused_is_told_in_azcores_long_notation() -> None:
    with pytest.raises(ProviderError) as caught:
        written(Played(UNREGISTERED, DENIED).arm)
    rule = "-" * 80
    assert str(caught.value).split("\n") == [
        f"POST {ENDPOINT}/subscriptions/s/providers/Microsoft.Compute/register",
        rule,
        "RESPONSE 403: 403 Forbidden",
        "ERROR CODE: AuthorizationFailed",
        rule,
        "{",
        '  "error": {',
        '    "code": "AuthorizationFailed",',
        '    "message": "The client has no authorization."',
        "  }",
        "}",
        rule,
        "",
    ]


NOTATIONS: dict[str, tuple[HttpResponse, Callable[[str], bool]]] = {
    "a page of a proxy": (
        answer(400, "<html>Bad Request</html>"),
        lambda told: told.startswith(f"PUT {ENDPOINT}{ID}\n") and "ERROR CODE UNAVAILABLE" in told and "<html>" in told,
    ),
    "nothing at all": (answer(400), lambda told: "Response contained no body" in told),
    "an error without a code": (
        answer(400, {"error": {"message": "No."}}),
        lambda told: told == 'Status=400 Message="No."',
    ),
    "another document": (answer(400, {"odd": 1}), lambda told: told == 'Status=400 Message="{"odd": 1}"'),
    "a code in the header": (
        answer(409, {"error": {"code": "B", "message": "No."}}, x_ms_error_code="A"),
        lambda told: told == 'Status=409 Code="A" Message="No."',
    ),
}


@pytest.mark.parametrize(("given", "is_told"), NOTATIONS.values(), ids=NOTATIONS.keys())
def test_every_answer_has_its_notation(given: HttpResponse, is_told: Callable[[str], bool]) -> None:
    with pytest.raises(ProviderError) as caught:
        written(Played(given).arm)
    assert is_told(str(caught.value)), str(caught.value)
