"""Members of a workspace."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from machine.models.slack_object import Flag, Name, Names, Number, OrElse, SlackObject, Text


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
    first_name: Text = None
    last_name: Text = None
    title: Text = None
    email: Text = None
    phone: Text = None
    pronouns: Text = None
    status_text: Text = None
    status_emoji: Text = None
    status_expiration: Number = None
    avatar_hash: Text = None
    image_original: Text = None
    image_24: Text = None
    image_32: Text = None
    image_48: Text = None
    image_72: Text = None
    image_192: Text = None
    image_512: Text = None
    team: Text = None
    bot_id: Text = None
    api_app_id: Text = None


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
        updated: When the member was last changed, in seconds since 1970.
    """

    id: str
    team_id: Text = None
    name: Name = ""
    real_name: Name = ""
    # not in the repr: a user ends up in log lines, and e-mail addresses must not
    profile: Annotated[UserProfile, OrElse(_EMPTY_PROFILE)] = Field(default=_EMPTY_PROFILE, repr=False)
    deleted: Flag = False
    color: Text = None
    tz: Text = None
    tz_label: Text = None
    tz_offset: Number = None
    locale: Text = None
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
    teams: Names = ()
    updated: Number = None

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
