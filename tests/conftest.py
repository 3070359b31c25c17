"""What every test command takes, and what is true in every test: a document that is printed is as its schema says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tfinfra.cli import output


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-goldens",
        action="store_true",
        help="write what tests expect anew",
    )


@pytest.fixture(autouse=True)
def printed_documents_are_as_their_schemas_say(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Of all verbs that a test calls in its own process. What a verb raises here would become a document itself, so it
    is raised at the test's end."""
    printed: list[Any] = []
    print_json = output.print_json

    def noted(value: Any) -> None:
        printed.append(value)
        print_json(value)

    monkeypatch.setattr(output, "print_json", noted)
    yield
    documents = [value for value in printed if isinstance(value, dict) and "document" in value]
    if documents:
        from tests.documents.checking import faults

        assert [fault for document in documents for fault in faults(document)] == []
