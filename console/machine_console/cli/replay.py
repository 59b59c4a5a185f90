"""`machine replay`: a recording run against the plugins, and what is different from when it was recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from machine.redaction import redact
from machine.terminal_text import visible
from machine_console.cli.launch import finish, project_settings, require_terminal, show_console

if TYPE_CHECKING:
    from machine.settings import Settings
    from machine_console.history.recording import RecordedEvent
    from machine_console.history.replay import Replayed


def replay(
    file: Annotated[Path, typer.Argument(help="A recording, for example one of .machine/recordings.")],
    headless: Annotated[bool, typer.Option("--headless", help="Print a report; no console.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON; implies --headless.")] = False,
) -> None:
    """Run recorded events against the plugins, in a sandbox; exit code 1 where anything differs."""
    settings, project = project_settings()
    if headless or as_json:
        finish(run_replay(file, settings, project, as_json=as_json))
    require_terminal()
    from machine_console.history.recording import read_recording
    from machine_console.runtime.offline_bot import replay_runtime

    show_console(replay_runtime(settings, project), title="machine replay", recording=read_recording(file))


async def run_replay(path: Path, settings: Settings, project: Path, *, as_json: bool = False) -> int:
    """Run a recording and print what came of it.

    Returns:
        The exit code: 1 where something differs or a plugin cannot be loaded, else 0.

    Raises:
        MachineError: The recording cannot be read, or the bot cannot start.
    """
    from machine_console.history.history import History
    from machine_console.history.recording import read_recording
    from machine_console.history.replay import replay_all
    from machine_console.runtime.offline_bot import replay_runtime

    recording = read_recording(path)
    runtime = replay_runtime(settings, project)
    history = History()
    runtime.trace.subscribe(history.record)
    await runtime.start()
    try:
        results = await replay_all(runtime.machine, history, recording)
        failures = {name: redact(str(error)) for name, error in runtime.machine.failures.items()}
    finally:
        await runtime.stop()
    report = _report(path, recording, results, failures)
    is_shown = sys.stdout.isatty()  # then no character of a message may be more than text
    print(json.dumps(report, ensure_ascii=is_shown, default=str) if as_json else "\n".join(_lines(report)))
    return 1 if report["different"] or failures else 0


def _report(
    path: Path, recording: Sequence[RecordedEvent], results: Sequence[Replayed], failures: dict[str, str]
) -> dict[str, Any]:
    events = [_event(one, result) for one, result in zip(recording, results, strict=True)]
    return {
        "recording": str(path),
        "events": len(events),
        "different": sum(bool(event["differences"]) for event in events),
        "failed_plugins": failures,
        "results": events,
    }


def _event(one: RecordedEvent, result: Replayed) -> dict[str, Any]:
    outcome = result.outcome
    return {
        "id": one.id,
        "at": one.at.isoformat(),
        "event": redact(result.title),
        "is_over": result.is_over,
        "handlers": [run.handler for run in outcome.runs],
        "calls": [
            {"handler": run.handler, "method": call.method, "arguments": call.arguments, "captured": call.is_captured}
            for run in outcome.runs
            for call in run.calls
        ],
        "errors": {run.handler: run.error for run in outcome.runs if run.error},
        "differences": [{"before": pair.before, "after": pair.after} for pair in result.differences],
    }


def _lines(report: dict[str, Any]) -> list[str]:
    from machine_console.text.formatting import counted

    lines = []
    for event in report["results"]:
        sign = "≠" if event["differences"] else "="
        handlers = ", ".join(event["handlers"]) or "no handler"
        late = "" if event["is_over"] else "  (still running after 10 s)"
        lines.append(f"{sign} {event['event']}  [{handlers}]{late}")
        for difference in event["differences"]:
            lines += [f"    - {difference['before']}"] if difference["before"] is not None else []
            lines += [f"    + {difference['after']}"] if difference["after"] is not None else []
    lines += [f"✗ {name}: {error}" for name, error in report["failed_plugins"].items()]
    replayed = counted(report["events"], "event")
    lines.append(f"{replayed} replayed, {report['different']} different. Nothing was sent to Slack.")
    return [visible(line) for line in lines]
