"""Puts what the benchmarks found into the pages: `uv run python docs/figures.py`.

A comment, `<!-- figures: NAME -->`, is the place of a table, and what follows up to `<!-- end -->` is made from
`benchmarks/results/`. A test holds that the pages say what the files say, so that no figure is kept by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
RESULTS = DOCS.parent / "benchmarks" / "results"
_PLACE = re.compile(r"(<!-- figures: (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def result(name: str) -> dict[str, Any]:
    """What a benchmark found."""
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
    return found


def figures(name: str) -> Any:
    """The figures in it."""
    return result(name)["figures"]


def table(heads: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def conditions() -> str:
    """With what the figures were measured."""
    found = result("throughput")
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    return (
        f"{found['date'][:10]}: Python {found['python']} on {found['platform']}, {found['cpus']} cores; {packages}.\n"
    )


def promises() -> str:
    """What is wanted of all benchmarks, and whether it is so."""

    def rows() -> Iterator[Sequence[str]]:
        for path in sorted(RESULTS.glob("*.json")):
            for one in result(path.stem)["wanted"]:
                unit = f" {one['unit']}".rstrip()
                measured = f"{_short(one['measured'])}{unit}"
                yield one["what"], f"{one['limit']:g}{unit}", measured if one["is_met"] else f"**{measured}, missed**"

    return table(("", "at most", "measured"), rows())


def throughput() -> str:
    """Processor time per message and answers a second, of all bots."""

    def rows() -> Iterator[Sequence[str]]:
        for name, row in figures("throughput")["rows"].items():
            cpu, floor = row["cpu_ms"], row["to_floor"]
            rate = f"{row['replies_per_s']['median']:,.0f}"
            yield name, f"{cpu['median']:.2f} ({cpu['min']:.2f} to {cpu['max']:.2f})", f"{floor['median']:.2f}", rate

    return table(("", "CPU ms per message", "ratio to slack_sdk", "answers/s"), rows())


def dispatch() -> str:
    """Microseconds of dispatching, by handlers and patterns."""
    found = figures("dispatch")["rows"]
    counts = list(next(iter(found.values())))

    def rows() -> Iterator[Sequence[str]]:
        for kind, row in found.items():
            yield kind, *(f"{row[count]['median_us']:.0f}" for count in counts)

    floor_us = figures("dispatch")["floor_us"]
    floor = f"Of each, {floor_us:.0f} µs are a task that does nothing, and a turn of the event loop.\n"
    return table(("patterns", *(f"{int(count):,}" for count in counts)), rows()) + "\n" + floor


def trace_cost() -> str:
    """Dispatching with subscribers."""
    found = figures("trace_cost")["rows"]

    def rows() -> Iterator[Sequence[str]]:
        for name in next(iter(found.values())):
            cells = (
                f"{row[name]['us']['median']:.0f} µs ({row[name]['ratio']['median']:.3f})" for row in found.values()
            )
            yield name, *cells

    return table(("", *(f"{count} handlers" if count != "1" else "1 handler" for count in found)), rows())


def storage() -> str:
    """Operations a second, and how many times as long as the floor they take."""

    def rows() -> Iterator[Sequence[str]]:
        for backend, ways in figures("storage")["rows"].items():
            for way, kinds in ways.items():
                cells = (
                    f"{_round(one['per_s']['median'])} ({one['to_floor']['median']:.1f})" for one in kinds.values()
                )
                yield f"{backend}, {way}", *cells

    return table(("", "set", "has", "get", "delete", "20 at once"), rows())


def acknowledgement() -> str:
    """How soon Slack is told, by what handlers do."""
    cases = {
        "idle": "nothing else happens",
        "sleep": "a handler is in `asyncio.sleep()`",
        "compute": "a handler computes 300 ms at a time",
        "block": "a handler is in `time.sleep(5)`",
        "slow": "each call to Slack takes 2 s",
    }
    found = figures("acknowledgement")["rows"]

    def rows() -> Iterator[Sequence[str]]:
        for case, words in cases.items():
            acks = (row["ack_ms"] for row in found if row["case"] == case)
            yield words, *(f"{ack['p50']:.1f} / {ack['p99']:.1f} / {ack['max']:.1f}" for ack in acks)

    return table(("while", *dict.fromkeys(f"{row['rate']} events/s" for row in found)), rows())


def burst() -> str:
    """3,000 events at once."""
    found = figures("acknowledgement")["burst"]
    return (
        f"Of {found['events']:,} events at once, the last was acknowledged after {found['slowest_ack_s']:.2f} s and the"
        f" last answer sent after {found['handled_s']:.1f} s, with {found['peak_mb']:.0f} MB of memory at the most;"
        f" {found['lost']} were lost and {found['doubled']} came twice.\n"
    )


def inbox() -> str:
    """What noting each event costs."""
    found = figures("inbox")["rows"]
    off, report = found["off"], found["report"]
    return (
        f"Measured by `benchmarks/inbox.py`: {report['cpu_ms']['median']:.2f} ms of processor time for each event that"
        f" is answered, and {off['cpu_ms']['median']:.2f} ms with `off`; {_round(report['events_per_s']['median'])}"
        f" events a second, and {_round(off['events_per_s']['median'])} with `off`.\n"
    )


def reload_latency() -> str:
    """From a save to its being live."""
    found = figures("reload_latency")
    return (
        f"On two cores: {found['p50_ms']:.0f} ms (median), {found['p99_ms']:.0f} ms (99th percentile), of which"
        f" {found['floor_p50_ms']:.0f} ms are the operating system's notice; watching 5,000 files costs"
        f" {found['idle_percent']:.1f} % of a core when nothing changes.\n"
    )


def startup() -> str:
    """First answer and memory, by the size of the workspace."""

    def rows() -> Iterator[Sequence[str]]:
        for row in figures("startup")["rows"]:
            first, second = row["first"], row["second"]
            memory = f"{first['peak_mb']:.0f} MB, {second['peak_mb']:.0f} MB"
            yield f"{row['users']:,}", f"{first['answered_s']:.1f} s", f"{second['answered_s']:.1f} s", memory
        for name, found in figures("startup").get("compared", {}).items():
            yield f"100, {name}", f"{found['answered_s']:.2f} s", "", f"{found['peak_mb']:.0f} MB"

    heads = ("People", "first start: first answer after", "second start", "peak memory, first and second")
    return table(heads, rows())


def others() -> str:
    """A line for each of the rest."""
    reload, events, load = figures("reload_latency"), figures("console_events"), figures("console_load")
    kit, inbox, large = figures("test_kit"), figures("inbox")["rows"], figures("large_workspace")
    rows = [
        ("a saved plugin is live", f"{reload['p50_ms']:.0f} ms (99 %: {reload['p99_ms']:.0f} ms)", "reload_latency"),
        ("a test with the test kit", f"{kit['ms']['median']:.0f} ms", "test_kit"),
        ("the prompt of `machine repl`", f"{figures('repl_startup')['prompt_s']['median']:.2f} s", "repl_startup"),
        ("an event with the inbox, to one without", f"{inbox['report']['to_off']['median']:.2f}", "inbox"),
        ("throughput with the console shown, to headless", f"{load['ratio']:.2f}", "console_load"),
        ("a page of 100,000 events in the console", f"{events['page_up_ms']:.0f} ms", "console_events"),
        (f"a sandbox with {large['users']:,} people", f"{large['peak_mb']:.0f} MB", "large_workspace"),
    ]
    return table(("", "", "measured by"), ((what, figure, f"`benchmarks/{name}.py`") for what, figure, name in rows))


PARTS: dict[str, Callable[[], str]] = {
    part.__name__.replace("_", " "): part
    for part in (
        conditions,
        promises,
        throughput,
        dispatch,
        trace_cost,
        storage,
        acknowledgement,
        burst,
        inbox,
        reload_latency,
        startup,
        others,
    )
}


def filled(page: str) -> str:
    """A page with the figures as they are in the results."""
    return _PLACE.sub(lambda found: f"{found[1]}{PARTS[found['name']]()}{found[3]}", page)


def _short(number: float) -> str:
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _round(number: float) -> str:
    """Two digits, which is as much as rounds agree on."""
    return f"{float(f'{number:.2g}'):,.0f}"


def main() -> None:
    """Fill every page."""
    for path in sorted(DOCS.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        after = filled(before)
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"{path.name} has new figures")


if __name__ == "__main__":
    main()
