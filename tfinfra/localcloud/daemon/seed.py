"""What must exist in the local cloud's subscription before the first run: made once, as `tfinfra setup azure` does."""

from __future__ import annotations

from tfinfra.arm.deleter_role import ROLES_API, definition_path, group_deleter, group_deleter_id
from tfinfra.localcloud.arm.core import Core
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.state_folder import SUBSCRIPTION


def first_start(core: Core) -> None:
    """Makes the role that deletes groups, where it is not there: by the PUT that Azure would get."""
    path = definition_path(SUBSCRIPTION, group_deleter_id(SUBSCRIPTION))
    if core.context.state.get(path) is None:
        core.put(ids.parse(path), ROLES_API, group_deleter(SUBSCRIPTION))
