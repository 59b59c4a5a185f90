"""`machine doctor`: is everything in place for the bot to run, and if not, what to do."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from machine.terminal_text import visible
from machine_console.cli.launch import finish

if TYPE_CHECKING:
    from machine_console.runtime.diagnosis import Finding


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Look at tokens, scopes, Socket Mode, plugins, storage and clock; exit code 1 if something is wrong."""
    from machine.logs import configure_logging

    configure_logging(logging.CRITICAL, sys.stderr)  # what fails is among the findings
    finish(_run_doctor(Path.cwd(), as_json=as_json))


async def _run_doctor(project: Path, *, as_json: bool) -> int:
    """Look at everything and print what was found.

    Returns:
        The exit code: 1 if anything is wrong.
    """
    from contextlib import aclosing

    from machine_console.runtime.diagnosis import diagnose

    found = []
    async with aclosing(diagnose(project)) as findings:
        async for finding in findings:
            found.append(finding)
            if not as_json:
                print(_line(finding), flush=True)
    if as_json:
        print(json.dumps([asdict(finding) for finding in found], indent=2))
    return 0 if all(finding.is_fine for finding in found) else 1


def _line(finding: Finding) -> str:
    head = visible(f"{'ok' if finding.is_fine else 'WRONG':7}{finding.subject}: {finding.says}")
    return f"{head}\n{'':7}{visible(finding.remedy)}" if finding.remedy else head
