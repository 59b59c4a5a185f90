"""Roles under the names that slack-machine gives them: plugins that manage roles of their own import these."""

from __future__ import annotations

from collections.abc import Sequence

from machine.plugins.base import MachineBasePlugin
from machine.plugins.declarations import Combine as RoleCombinator
from machine.plugins.roles import people_with_role as role_assignments_by_role

__all__ = ["RoleCombinator", "matching_roles_by_user_id", "role_assignments_by_role"]


async def matching_roles_by_user_id(plugin: MachineBasePlugin, user_id: str, roles: Sequence[str]) -> int:
    """How many of these roles the person has."""
    return sum([user_id in await role_assignments_by_role(plugin, role) for role in roles])
