"""Gives azure-native the assertions that this process gets: it asks one URL for them, in GitHub's way, whoever it is
that vouches for the application (pulumi/pulumi-azure-native, provider/pkg/provider/auth_azidentity.go,
getOidcTokenExchangeAssertion). So both sign in alike, and neither holds an assertion that expires."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping

from tfinfra.azure.identity.federation import Federation, NoAssertion
from tfinfra.system.loopback_server import LoopbackServer


class AssertionRelay:
    """Serves on loopback until it is closed, to who knows its secret. `variables` are the provider's."""

    def __init__(self, known: Federation) -> None:
        self._known = known
        self._secret = secrets.token_urlsafe(24)
        self._server = LoopbackServer(self._answer, "assertions")
        self._server.__enter__()

    @property
    def variables(self) -> dict[str, str]:
        """Over those that a CI system may have set by these names."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self._server.origin}/?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self._secret,
        }

    def close(self) -> None:
        self._server.__exit__()

    def _answer(self, method: str, target: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str]]:
        del method, target
        given = headers.get("authorization", "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, f"Bearer {self._secret}".encode()):
            return 401, {"message": "the bearer token is wrong"}
        try:
            return 200, {"value": self._known.assertion()}
        except NoAssertion as error:
            return 502, {"message": f"{self._known.by} gives no assertion: {error}"}
