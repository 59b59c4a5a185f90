"""Role-based access control: who may run protected handlers."""

from __future__ import annotations

import structlog
from slack_sdk.errors import SlackApiError

from machine.plugins.base import MachineBasePlugin
from machine.plugins.decorators import on, require_any_role, required_settings, respond_to
from machine.plugins.message import Message
from machine.plugins.roles import ADMIN_ROLE, ROOT_ROLE, people_with_role, role_key

_logger = structlog.stdlib.get_logger(__name__)
_MENTION = r"<@(?P<user_id>\w+)(?:\|[^>]*)?>"


@required_settings(["ROOT_USER"])
class RBACPlugin(MachineBasePlugin):
    """Role-based access control"""

    @respond_to(rf"^grant\s+role\s+(?P<role>\w+)\s+to\s+{_MENTION}\s*$")
    @require_any_role([ROOT_ROLE, ADMIN_ROLE])
    async def grant_role(self, msg: Message, role: str, user_id: str) -> None:
        """grant role <role> to <user>: give somebody a role"""
        if role == ROOT_ROLE:
            await msg.say("The role `root` is given by the setting ROOT_USER alone")
            return
        people = await people_with_role(self, role)
        await self.storage.set(role_key(role), {**people, user_id: 1}, shared=True)
        await msg.say(f"<@{user_id}> now has the role `{role}`")

    @respond_to(rf"^revoke\s+role\s+(?P<role>\w+)\s+from\s+{_MENTION}\s*$")
    @require_any_role([ROOT_ROLE, ADMIN_ROLE])
    async def revoke_role(self, msg: Message, role: str, user_id: str) -> None:
        """revoke role <role> from <user>: take a role away from somebody"""
        if role == ROOT_ROLE:
            await msg.say("The role `root` is given by the setting ROOT_USER alone")
            return
        people = await people_with_role(self, role)
        if user_id not in people:
            await msg.say(f"<@{user_id}> does not have the role `{role}`")
            return
        del people[user_id]
        await self.storage.set(role_key(role), people, shared=True)
        await msg.say(f"<@{user_id}> no longer has the role `{role}`")

    @respond_to(r"^who\s+has\s+role\s+(?P<role>\w+)\s*$")
    @require_any_role([ROOT_ROLE, ADMIN_ROLE])
    async def who_has_role(self, msg: Message, role: str) -> None:
        """who has role <role>: list the people with a role"""
        people = await people_with_role(self, role)
        if people:
            await msg.say(f"The role `{role}` belongs to {', '.join(f'<@{user_id}>' for user_id in people)}")
        else:
            await msg.say(f"Nobody has the role `{role}`")

    @on("unauthorized-access")
    async def tell_admins(self, message: object) -> None:
        """Tell the administrators, in direct messages, who was refused what."""
        who, what = _who_and_what(message)
        admins = {**await people_with_role(self, ADMIN_ROLE), **await people_with_role(self, ROOT_ROLE)}
        for user_id in admins:
            try:
                await self.send_dm(user_id, f":warning: {who} was refused: {what}")
            except SlackApiError as error:
                _logger.warning("An administrator could not be told", user_id=user_id, problem=error.response["error"])


def _who_and_what(request: object) -> tuple[str, str]:
    """The person and the request, from whatever object the refused handler would have received."""
    user = getattr(request, "sender", None) or getattr(request, "user", None)
    who = user.fmt_mention() if user is not None else "Somebody"
    if isinstance(request, Message):
        return who, f"`{request.text}` in {request.channel.identifier}"
    return who, f"`{request!r}`"
