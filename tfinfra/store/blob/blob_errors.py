"""What Blob says, out of obstore's text of it: "Server returned non-2xx status code: 403 Forbidden: <?xml …>"."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATUS = re.compile(r"non-2xx status code: (?P<status>\d{3})")
_CODE = re.compile(r"<Code>(?P<code>\w+)</Code>\s*<Message>(?P<message>[^\n<]*)")
_NETWORK = "the storage account does not let this machine's network in: its firewall, or a policy that closed it"
# https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes; AuthorizationFailure is what a
# firewall says (microsoft/AzureStorageExplorer#8769)
_WAYS = {
    "AuthorizationFailure": f"{_NETWORK}; its Networking page shows both",
    "PublicAccessNotPermitted": "its requests must carry a token: sign in again with `az login`",
    "AccountIsDisabled": "the storage account is switched off, as with a disabled subscription: ask its owner",
    "AuthenticationFailed": "sign in again: `az login`; and look at this machine's clock",
    "InvalidAuthenticationInfo": "sign in again: `az login`; a token of another tenant is not taken",
}
ROLE = "you need Storage Blob Data Reader on it to read, Contributor to begin a run"


@dataclass(frozen=True)
class BlobAnswer:
    """`status` is that of the answer; `code` and `message` are Blob's, "" where the body is none of its."""

    status: int
    code: str
    message: str

    @property
    def words(self) -> str:
        answer = f"{self.code}: {self.message}" if self.code else "not in Blob's words; is there a proxy in between?"
        return f"HTTP status {self.status}, {answer}"

    @property
    def way_out(self) -> str:
        """What lets a refused caller in."""
        return _WAYS.get(self.code, ROLE)


def blob_answer(error: BaseException) -> BlobAnswer | None:
    """The answer that obstore's `error` quotes, None where there is none in it."""
    text = str(error)
    status = _STATUS.search(text)
    if status is None:
        return None
    found = _CODE.search(text)
    return BlobAnswer(int(status["status"]), found["code"] if found else "", found["message"] if found else "")
