"""What a resource group's name says: tfinfra-<run>-keep, or tfinfra-<run>-compute, with -<attempt> after a retry."""

from __future__ import annotations

import re

RUN_ID = re.compile(r"[a-z][a-z0-9-]{0,23}-[a-z0-9]{6}")
_GROUP = re.compile(rf"tfinfra-(?P<run>{RUN_ID.pattern})-(?P<part>keep|compute)(-[0-9]+)?")


def run_of_group(group: str) -> str | None:
    """The run that a group is named for, None where it is not named as a run's."""
    found = _GROUP.fullmatch(group)
    return found["run"] if found else None


def part_of_group(group: str) -> str:
    """ "keep" or "compute"; a group of a run that is named otherwise goes first, with what costs."""
    found = _GROUP.fullmatch(group)
    return found["part"] if found else "compute"


def group_of(id_: str) -> str | None:
    """The name of the resource group that an ARM id lies in; it may be the group's own id."""
    found = re.match(r"/subscriptions/[^/]+/resourceGroups/([^/]+)", id_, re.IGNORECASE)
    return found[1] if found else None


def name_of_run(run: str) -> str:
    """The name in a run id: without its random end."""
    return run[:-7]
