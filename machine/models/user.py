"""Members of a workspace."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from machine.models.slack_object import Flag, Name, Names, OptionalInt, OptionalStr, OrElse, SlackObject


class UserProfile(SlackObject):
    """What a member tells about themselves; which fields are there depends on the app's scopes.

    Attributes:
        display_name: The name the member chose to be shown; empty for members who chose none.
        email: Needs the scope `users:read.email`; `None` for bots and for members of other organisations.
        status_expiration: When the status goes away, in seconds since 1970; 0 for never.
        image_original: URL of the picture as it was uploaded; `None` for Slack's default pictures.
        image_192: URL of the picture, 192 pixels square; likewise the others.
    """

    display_name: Name = ""
    display_name_normalized: Name = ""
    real_name: Name = ""
    real_name_normalized: Name = ""
    first_name: OptionalStr = None
    last_name: OptionalStr = None
    title: OptionalStr = None
    email: OptionalStr = None
    phone: OptionalStr = None
    pronouns: OptionalStr = None
    status_text: OptionalStr = None
    status_emoji: OptionalStr = None
    status_expiration: OptionalInt = None
    avatar_hash: OptionalStr = None
    image_original: OptionalStr = None
    image_24: OptionalStr = None
    image_32: OptionalStr = None
    image_48: OptionalStr = None
    image_72: OptionalStr = None
    image_192: OptionalStr = None
    image_512: OptionalStr = None
    team: OptionalStr = None
    bot_id: OptionalStr = None
    api_app_id: OptionalStr = None


Profile = UserProfile
"""The name that slack-machine gives it."""

_EMPTY_PROFILE = UserProfile()


class User(SlackObject):
    """A member of the workspace (or somebody from another one), as `users.info` describes one.

    Only `id` is certain: `User(id="U1")` stands for somebody of whom an event told nothing else. See
    [users.info](https://docs.slack.dev/reference/methods/users.info).

    Attributes:
        name: The handle, without `@`. Not unique across workspaces, and empty where Slack did not tell.
        profile: Name to show, e-mail address, pictures; left out of the `repr`.
        real_name: First and last name as one string.
        tz: Time zone such as `Europe/Amsterdam`.
        tz_offset: Seconds east of UTC, daylight saving included.
        deleted: The account was deactivated.
        is_restricted: A guest; `is_ultra_restricted` for a guest of a single channel.
        is_stranger: From another organisation, met in a shared channel.
        has_2fa: Signs in with a second factor; Slack tells only the tokens of some people.
        updated: When the member was last changed, in seconds since 1970.
    """

    id: str
    team_id: OptionalStr = None
    name: Name = ""
    real_name: Name = ""
    # not in the repr: a user ends up in log lines, and e-mail addresses must not
    profile: Annotated[UserProfile, OrElse(_EMPTY_PROFILE)] = Field(default=_EMPTY_PROFILE, repr=False)
    deleted: Flag = False
    color: OptionalStr = None
    tz: OptionalStr = None
    tz_label: OptionalStr = None
    tz_offset: OptionalInt = None
    locale: OptionalStr = None
    is_bot: Flag = False
    is_app_user: Flag = False
    is_admin: Flag = False
    is_owner: Flag = False
    is_primary_owner: Flag = False
    is_restricted: Flag = False
    is_ultra_restricted: Flag = False
    is_invited_user: Flag = False
    is_stranger: Flag = False
    is_email_confirmed: Flag = False
    has_2fa: Flag = False
    teams: Names = ()
    updated: OptionalInt = None

    @property
    def email(self) -> str | None:
        """The e-mail address, where the app may see it."""
        return self.profile.email

    @property
    def display_name(self) -> str:
        """The best name to show: the chosen one, else the real name, else the handle, else the id."""
        profile = self.profile
        return profile.display_name or profile.real_name or self.real_name or self.name or self.id

    def fmt_mention(self, alt: str | None = None) -> str:
        """The text that mentions this user in a message: `<@U1>`.

        Args:
            alt: Shown by clients that do not know the user, as in `<@U1|alt>`.
        """
        return f"<@{self.id}|{alt}>" if alt else f"<@{self.id}>"
