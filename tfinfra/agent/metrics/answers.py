"""MLflow's JSON: what comes from a client, held against its types, and what a client reads
(https://mlflow.org/docs/latest/api_reference/rest-api.html)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from tfinfra.store.point_chunks import MOST_STEPS

LONGEST_WORD = 1000
"""Characters of a name, a kind, a status."""
STATUSES = {
    "BAD_REQUEST": 400,
    "INVALID_PARAMETER_VALUE": 400,
    "UNAUTHENTICATED": 401,
    "ENDPOINT_NOT_FOUND": 404,
    "RESOURCE_DOES_NOT_EXIST": 404,
    "RESOURCE_EXHAUSTED": 400,
    "INTERNAL_ERROR": 501,
}
"""Each error code that is answered, with its HTTP status: none that MLflow's clients try again, which for 408, 429, 500
and 502 to 504 takes them four minutes while the script waits. Nothing here gets better by waiting."""


class Refused(Exception):
    """A request that is not answered, in MLflow's own form: `code` is one of STATUSES."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def status(self) -> int:
        return STATUSES[self.code]

    def body(self) -> dict[str, Any]:
        return {"error_code": self.code, "message": str(self)}


class Asked:
    """The fields of a request, from its body or its query. Each reader raises Refused for a value of another kind."""

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def text(self, name: str, default: str | None = "") -> str:
        """With a `default` of None the field must be there."""
        value = self._fields.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise wrong(name, "text")
        return value

    def word(self, name: str) -> str:
        """A short text, "" where it is missing."""
        value = self.text(name)
        if len(value) > LONGEST_WORD:
            raise wrong(name, f"of {LONGEST_WORD} characters at most")
        return value

    def whole(self, name: str, default: int) -> int:
        """An int64, which JSON of protobuf writes as a number or as text."""
        value = self._fields.get(name, default)
        try:
            number = int(value) if isinstance(value, str) and len(value) <= 20 else value
        except ValueError as error:
            raise wrong(name, "a whole number") from error
        if type(number) is not int or not -MOST_STEPS <= number < MOST_STEPS:
            raise wrong(name, "a whole number")
        return number

    def value(self, name: str) -> Any:
        return self._fields.get(name)

    def several(self, name: str) -> list[Asked]:
        """A list of objects, [] where it is missing."""
        found = self._fields.get(name) or []
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise wrong(name, "a list of objects")
        return [Asked(each) for each in found]

    def values(self, name: str) -> dict[str, str]:
        """A list of {"key", "value"}: params, tags."""
        return {each.text("key", None): each.text("value") for each in self.several(name)}

    def plain(self) -> dict[str, Any]:
        return self._fields


def asked_of(body: bytes, query: str) -> Asked:
    """The request's fields. Raises Refused for a body that is no object."""
    fields: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True))
    if body:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Refused("BAD_REQUEST", "the body is not JSON") from error
        if not isinstance(found, dict):
            raise Refused("BAD_REQUEST", "the body is no object")
        fields |= found
    return Asked(fields)


def wrong(name: str, what: str) -> Refused:
    return Refused("INVALID_PARAMETER_VALUE", f"'{name}' is not {what}")
