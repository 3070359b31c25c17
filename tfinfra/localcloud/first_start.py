"""What must exist in the local cloud's subscription before the first run: made once, as `tfinfra setup azure` does."""

from __future__ import annotations

from tfinfra.localcloud import ids
from tfinfra.localcloud.core import Core
from tfinfra.localcloud.layout import SUBSCRIPTION
from tfinfra.roles import ROLES_API, definition_path, group_deleter, group_deleter_id


def first_start(core: Core) -> None:
    """Makes the role that deletes groups, where it is not there: by the PUT that Azure would get."""
    path = definition_path(SUBSCRIPTION, group_deleter_id(SUBSCRIPTION))
    if core.around.state.get(path) is None:
        core.put(ids.parse(path), ROLES_API, group_deleter(SUBSCRIPTION))
