"""`machine manifest`: the app that Slack should know, and how a given manifest differs from it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from machine.errors import MachineError
from machine.redaction import redact
from machine.terminal_text import visible
from machine_console.cli.launch import finish, project_settings

if TYPE_CHECKING:
    from machine.settings import Settings


def manifest(
    diff: Annotated[
        Path | None, typer.Option(help="Tell what the manifest in this file lacks or has besides; exit code 1 if any.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the app is called; by default as in workspace.toml.")] = None,
    http: Annotated[
        str | None, typer.Option(metavar="URL", help="Have Slack send to this address instead of over Socket Mode.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json/--yaml", help="Print JSON, or YAML (the default).")] = False,
) -> None:
    """Print the Slack app manifest that the plugins need: events, commands, shortcuts, scopes."""
    settings, project = project_settings()
    finish(_print_manifest(settings, project, name=name, http=http, diff=diff, as_json=as_json))


async def _print_manifest(
    settings: Settings, project: Path, *, name: str | None, http: str | None, diff: Path | None, as_json: bool
) -> int:
    """Print the manifest, or how the one in a file differs from it.

    Returns:
        The exit code: 1 if Slack would refuse the manifest, or if there are differences.

    Raises:
        MachineError: A plugin cannot be loaded, or the file cannot be read.
    """
    from machine.manifest_rules import mistakes_in
    from machine_console.runtime.offline_bot import loaded_machine, manifest_of

    given = None if diff is None else read_manifest(diff)
    url = None if http is None else request_url(http)
    async with loaded_machine(settings, project) as machine:
        derived = manifest_of(machine, project, name, url)
    if url is None and settings.http is not None and settings.slack_signing_secret is not None:
        print("machine: The settings are for HTTP, and this is for Socket Mode. Add --http URL.", file=sys.stderr)
    for remark in derived.remarks:
        print(f"machine: {visible(remark)}", file=sys.stderr)
    mistakes = mistakes_in(derived.manifest)
    for mistake in mistakes:
        print(f"machine: Slack would refuse this: {visible(str(mistake))}", file=sys.stderr)
    if given is not None and diff is not None:
        return max(_print_differences(derived.manifest, given, diff, as_json=as_json), bool(mistakes))
    print(json.dumps(derived.manifest, indent=2) if as_json else as_yaml(derived.manifest))
    return 1 if mistakes else 0


def request_url(text: str) -> str:
    """Where Slack sends to: an address in full, or of a host that leads to the bot's server.

    Raises:
        MachineError: It is not an address that Slack would send to.
    """
    from machine.receiving.http import SLACK_PATH

    try:
        parts = urlsplit(text)
        is_fine = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    if not is_fine:
        raise MachineError(
            f"--http {redact(text)!r} is not an address that Slack sends to. Give one like https://bot.example.com."
        )
    return text if parts.path.strip("/") else f"{parts.scheme}://{parts.netloc}{SLACK_PATH}"


def read_manifest(path: Path) -> Mapping[str, Any]:
    """A manifest from a file, JSON or YAML.

    Raises:
        MachineError: It cannot be read, or is not a manifest.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MachineError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.") from None
    try:
        found = json.loads(text) if text.lstrip().startswith("{") else _yaml(text)
    except (ValueError, RecursionError) as error:
        raise MachineError(f"{path} cannot be read: {redact(' '.join(str(error).split()))}.") from None
    if not isinstance(found, Mapping) or "display_information" not in found:
        raise MachineError(f"{path} is not the manifest of a Slack app: it has no display_information.")
    return found


def as_yaml(value: Any) -> str:
    """Mappings, lists and plain values as YAML."""
    import yaml

    return str(yaml.safe_dump(value, sort_keys=False, allow_unicode=True)).rstrip("\n")


def _yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _print_differences(wanted: Mapping[str, Any], given: Mapping[str, Any], path: Path, *, as_json: bool) -> int:
    from machine.manifest import differences

    lacking, besides = differences(wanted, given)
    if as_json:
        print(json.dumps({"lacks": lacking, "has_besides": besides}, indent=2))
    else:
        for fact in lacking:
            print(f"+ {visible(fact)}: the plugins need it, {path.name} lacks it")
        for fact in besides:
            print(f"- {visible(fact)}: {path.name} has it, no plugin needs it")
        if not lacking and not besides:
            print(f"{path.name} has what the plugins need, and nothing else.")
    return 1 if lacking or besides else 0
