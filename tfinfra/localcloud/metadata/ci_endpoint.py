"""The token URLs of CI systems on loopback: a job that knows its secret gets assertions that live for seconds. The
local cloud's Entra (arm/entra.py) gives tokens of the pipeline's service principal for them.

    GitHub: ACTIONS_ID_TOKEN_REQUEST_URL, _TOKEN    GET <url>&audience=…, Bearer → {"value"}
        docs.github.com/actions/reference/security/oidc
    Azure Pipelines: SYSTEM_OIDCREQUESTURI, SYSTEM_ACCESSTOKEN    POST <uri>?api-version=7.1&serviceConnectionId=…
        → {"oidcToken"}; learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create

`python -m tfinfra.localcloud.metadata.ci_endpoint --state FOLDER` serves both for the daemon of that state folder.
"""

from __future__ import annotations

import argparse
import hmac
import secrets
import shlex
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tfinfra.localcloud.arm.entra import EXCHANGE, ISSUERS, SUBJECT
from tfinfra.localcloud.common import tokens
from tfinfra.localcloud.common.state_folder import TENANT, Layout
from tfinfra.system.loopback_server import LoopbackServer

GITHUB, PIPELINES = "/github/idtoken", "/pipelines/oidctoken"
CONNECTION = "11111111-2222-3333-4444-555555555555"
SECONDS = 300
"""How long GitHub's assertions live."""


class CiEndpoint:
    """Serves within its `with`. `seconds` is how long an assertion lives, `given` counts them; the next requests get
    the HTTP statuses in `refusals` instead."""

    def __init__(self, layout: Layout, seconds: float = SECONDS) -> None:
        self._layout = layout
        self._seconds = seconds
        self._secret = secrets.token_urlsafe(24)
        self._server = LoopbackServer(self.answer, "ci")
        self.given = 0
        self.refusals: list[int] = []

    @property
    def github(self) -> dict[str, str]:
        """The environment of a job with `permissions: id-token: write` that names its application."""
        return {
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self._server.origin}{GITHUB}?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": self._secret,
            "AZURE_CLIENT_ID": tokens.PIPELINE_APPLICATION,
            "AZURE_TENANT_ID": TENANT,
        }

    @property
    def pipelines(self) -> dict[str, str]:
        """The environment of an AzureCLI@2 task that is given System.AccessToken."""
        return {
            "SYSTEM_OIDCREQUESTURI": f"{self._server.origin}{PIPELINES}",
            "SYSTEM_ACCESSTOKEN": self._secret,
            "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID": CONNECTION,
            "AZURESUBSCRIPTION_CLIENT_ID": tokens.PIPELINE_APPLICATION,
            "AZURESUBSCRIPTION_TENANT_ID": TENANT,
        }

    def __enter__(self) -> CiEndpoint:
        self._server.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.__exit__(*raised)

    def serve(self) -> None:
        """Serves until the process ends."""
        self._server.serve()

    def assertion(self, audience: str, issuer: str = ISSUERS[0]) -> str:
        """A new one for `audience`."""
        now = time.time()
        times = {"iat": now, "nbf": now - 5, "exp": now + self._seconds}
        claims = {"iss": issuer, "aud": audience, "sub": SUBJECT, "jti": str(uuid.uuid4()), **times}
        self.given += 1
        return tokens.signed(self._layout.signing_key.read_bytes(), claims)

    def answer(self, method: str, target: str, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """(status, document) of a request. `headers` have lower-case names."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        if self.refusals:
            return self.refusals.pop(0), {"message": "try again"}
        given = headers.get("authorization", "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(given, f"Bearer {self._secret}".encode()):
            return 401, {"message": "the job's token is wrong"}
        if (method, parts.path) == ("GET", GITHUB):
            audience = query.get("audience", "https://github.com/organization")
            return 200, {"count": 1, "value": self.assertion(audience)}
        if (method, parts.path) == ("POST", PIPELINES):
            if query.get("serviceConnectionId") != CONNECTION or query.get("api-version") != "7.1":
                return 404, {"message": "there is no such service connection"}
            return 200, {"oidcToken": self.assertion(EXCHANGE, ISSUERS[1])}
        return 405, {"message": f"The requested resource does not support http method '{method}'."}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tfinfra.localcloud.metadata.ci_endpoint", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the local cloud's folder: <TFINFRA_STATE_DIR>/cloud")
    parser.add_argument("--as", dest="system", choices=["github", "pipelines"], default="github", help="which system")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long an assertion lives")
    options = parser.parse_args()
    endpoint = CiEndpoint(Layout(options.state), options.seconds)
    for name, value in getattr(endpoint, options.system).items():
        print(f"export {name}={shlex.quote(value)}", flush=True)
    endpoint.serve()


if __name__ == "__main__":
    main()
