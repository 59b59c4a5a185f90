"""A large workspace, the same in each run: people and channels for trying what a bot does with many of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import count, islice

from machine.sandbox.state.clock import stable_id
from machine.sandbox.state.objects import Person

MAX_USERS = 1_000_000
PEOPLE_PER_CHANNEL = 50
"""There is one channel for so many people, with as many members."""

_FIRST_NAMES = (
    *("Aino", "Amara", "Anders", "Beatriz", "Chidi", "Dalia", "Deniz", "Elena", "Emre", "Fatima", "Felix", "Greta"),
    *("Hana", "Hugo", "Ines", "Ivan", "Jamal", "Jing", "Jonas", "Kaito", "Karin", "Lars", "Leila", "Luca", "Maja"),
    *("Mateo", "Mei", "Nadia", "Noah", "Olga", "Omar", "Paula", "Priya", "Quinn", "Rafael", "Rosa", "Samir", "Sofia"),
    *("Tariq", "Tove", "Uma", "Viktor", "Wanda", "Xenia", "Yara", "Yusuf", "Zoe", "Zuri"),
)
_LAST_NAMES = (
    *("Abara", "Almeida", "Berg", "Bianchi", "Chen", "Costa", "Dahl", "Diaz", "Eklund", "Fischer", "Fofana", "Garcia"),
    *("Gupta", "Haddad", "Hansen", "Ito", "Ivanova", "Jansen", "Jung", "Kaya", "Kovacs", "Lam", "Lindgren", "Lopez"),
    *("Mbeki", "Moreau", "Nakamura", "Novak", "Okafor", "Olsen", "Park", "Petrov", "Qureshi", "Reyes", "Rossi"),
    *("Sato", "Schmidt", "Silva", "Tanaka", "Torres", "Usman", "Vargas", "Virtanen", "Weber", "Wong", "Yilmaz", "Zhou"),
)
_TITLES = (
    "Developer",
    "Designer",
    "Product manager",
    "Support",
    "Site reliability engineer",
    "Accountant",
)
_ZONES = (
    *("America/Los_Angeles", "America/New_York", "America/Sao_Paulo", "Europe/London", "Europe/Stockholm"),
    *("Africa/Lagos", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "Etc/UTC"),
)


def generated_people(number: int, taken: Collection[str]) -> Iterator[Person]:
    """So many people, none of them with a name that is taken; the same ones for the same number and names."""
    return islice((person for person in map(_person, count()) if person.name not in taken), number)


def generated_channels(people: Sequence[Person], bot: Person) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name and members of one channel for every fifty people; the bot is in every second one."""
    for number, start in enumerate(range(0, len(people), PEOPLE_PER_CHANNEL), start=1):
        members = tuple(person.id for person in people[start : start + PEOPLE_PER_CHANNEL])
        yield f"team-{number}", (*members, bot.id) if number % 2 else members


def _person(index: int) -> Person:
    rest, first_index = divmod(index, len(_FIRST_NAMES))
    namesake, last_index = divmod(rest, len(_LAST_NAMES))
    first, last = _FIRST_NAMES[first_index], _LAST_NAMES[last_index]
    name = f"{first}.{last}{namesake + 1 if namesake else ''}".lower()
    return Person(
        id=stable_id("U", name),
        name=name,
        real_name=f"{first} {last}",
        display_name=first,
        email=f"{name}@example.com",
        title=_TITLES[index % len(_TITLES)],
        tz=_ZONES[index % len(_ZONES)],
        presence="active" if index % 3 else "away",
    )
