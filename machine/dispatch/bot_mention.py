"""Whether a message is meant for the bot, and what it says once the mention is taken off."""

from __future__ import annotations

import re
from collections.abc import Sequence


class Addressing:
    """Recognises the ways in which people address the bot at the beginning of a message.

    `<@U0BOT> hello`, `@name hello`, `name: hello`, and each alias: `!hello`. Names count in any case of letters.

    Args:
        user_id: The bot's user id.
        names: What people call the bot; `@name` and `name:` both address it.
        aliases: Texts that address the bot by themselves; an alias that ends in a letter or digit must end a word.
    """

    def __init__(self, user_id: str, names: Sequence[str] = (), aliases: Sequence[str] = ()) -> None:
        known = "|".join(re.escape(name) for name in sorted(set(filter(None, names)), key=len, reverse=True))
        forms = [rf"<@{re.escape(user_id)}(?:\|[^>]*)?>[:,]?"]
        if known:
            forms += [rf"@(?:{known})(?![\w-])[:,]?", rf"(?:{known}):"]
        forms += [_alias(alias) for alias in sorted(set(filter(None, aliases)), key=len, reverse=True)]
        self._mention = re.compile(rf"\s*(?:{'|'.join(forms)})\s*", re.IGNORECASE)

    def strip(self, text: str) -> str | None:
        """What is said to the bot; `None` where the text does not address it."""
        mention = self._mention.match(text)
        return text[mention.end() :] if mention else None


def _alias(alias: str) -> str:
    return rf"{re.escape(alias)}(?!\w)[:,]?" if alias[-1].isalnum() else re.escape(alias)
