"""What all models of Slack's objects have in common: they take whatever Slack sends.

Slack leaves fields out, sends `null` for them, and adds new ones without notice. None of that may keep a handler from
running, so a model insists only on what makes its object usable (mostly the `id`). A field that is absent, `null` or
of another type than documented gets its default; fields without a name here are kept as attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from machine.redaction import REDACTED, is_secret_name, redact, redact_value


class SlackObject(BaseModel):
    """An object as Slack's JSON describes it: frozen, compared by value, keeping fields that Slack adds."""

    # Validators are built at first use: few bots meet all of these objects, whose validators took 20 ms together.
    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=(), defer_build=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What Slack sent, for the `repr`; without tokens and response URLs, because models end up in tracebacks."""
        fields = type(self).model_fields
        for name, value in super().__repr_args__():
            if name in fields and value == fields[name].default:
                continue
            if name is not None and value and is_secret_name(name):
                yield name, REDACTED
            elif isinstance(value, tuple):
                yield name, tuple(redact_value(value))
            else:
                yield name, redact_value(value)

    def __repr__(self) -> str:
        return redact(super().__repr__())  # what is inside of slack_sdk's objects

    def __str__(self) -> str:
        return redact(super().__str__())


class OrElse:
    """Annotates a field with what to take where Slack sent `null` or something else than documented.

    pydantic's compiled validator does the work, so a large workspace pays for no Python call per field.
    """

    def __init__(self, default: Any) -> None:
        self._default = default

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        # a copy of an empty dict for each, because a dict can be changed
        default = {"default_factory": dict} if self._default == {} else {"default": self._default}
        return core_schema.with_default_schema(handler(source), on_error="default", **default)


Flag: TypeAlias = Annotated[bool, OrElse(False)]
Name: TypeAlias = Annotated[str, OrElse("")]
OptionalStr: TypeAlias = Annotated[str | None, OrElse(None)]
OptionalInt: TypeAlias = Annotated[int | None, OrElse(None)]
Names: TypeAlias = Annotated[tuple[str, ...], OrElse(())]
