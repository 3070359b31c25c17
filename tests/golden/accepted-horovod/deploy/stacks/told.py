"""What Azure tells of a resource that it has made: never empty, but where a read failed right after a good write."""

from __future__ import annotations

from typing import TypeVar

import pulumi

_T = TypeVar("_T")


def told(output: pulumi.Output[_T | None], what: str) -> pulumi.Output[_T]:
    """`output`, or the end of the program with a sentence where Azure has not told `what` ("the principal of …")."""

    def checked(value: _T | None) -> _T:
        if not value:
            raise pulumi.RunError(
                f"Azure has not told {what}, though it is made: it could not be read just after it was written. "
                "Begin again: what is there is read anew"
            )
        return value

    return output.apply(checked)
