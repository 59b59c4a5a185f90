"""Who may run a handler: the roles that the RBAC plugin grants."""

from __future__ import annotations

from collections.abc import Iterable

from machine.plugins.base import MachineBasePlugin
from machine.plugins.declarations import Combine, RequiredRoles

ROOT_ROLE = "root"
ADMIN_ROLE = "admin"


def role_key(role: str) -> str:
    """The shared storage key under which the people with `role` are kept, as a dict of user ids."""
    return f"rbac:role:{role}"


async def people_with_role(plugin: MachineBasePlugin, role: str) -> dict[str, int]:
    """The user ids of everybody with `role`; `root` comes from the `ROOT_USER` setting alone."""
    if role == ROOT_ROLE:
        root = plugin.settings.get("ROOT_USER")
        return {root: 1} if root else {}
    return await plugin.storage.get(role_key(role), shared=True) or {}


async def missing_roles(
    plugin: MachineBasePlugin, user_id: str | None, required: Iterable[RequiredRoles]
) -> RequiredRoles | None:
    """The first requirement that the person does not meet; `None` where they meet all."""
    for requirement in required:
        held = [user_id in await people_with_role(plugin, role) for role in requirement.roles]
        is_met = any(held) if requirement.combine is Combine.ANY else all(held)
        if not is_met:
            return requirement
    return None
