"""The evaluator gives the prompt back whatever is typed, and says briefly what went wrong."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackApiError

from machine_console.repl.language.evaluator import Evaluation, Evaluator, asks_for_more
from machine_console.repl.language.interrupt import interrupt_blocking_code

SECRET = "xoxb-1234-5678-abcdefghij"


@pytest.fixture
def shown() -> list[object]:
    return []


@pytest.fixture
def evaluator(shown: list[object]) -> Evaluator:
    return Evaluator(display=shown.append)


async def values(evaluator: Evaluator, *sources: str) -> list[object]:
    outcomes = [await evaluator.evaluate(source) for source in sources]
    assert [outcome.error for outcome in outcomes if outcome.error] == []
    return [outcome.value for outcome in outcomes]


async def test_names_imports_and_definitions_persist(evaluator: Evaluator) -> None:
    """A session is one session."""
    result = await values(evaluator, "import math", "x = 3", "def f(y):\n    return x * y\n", "f(2) + math.floor(0.5)")

    assert result == [None, None, None, 6]


async def test_await_works_at_the_top_level(evaluator: Evaluator) -> None:
    """Everything Slack does is asynchronous."""
    source = "import asyncio\nasync def two():\n    await asyncio.sleep(0)\n    return 2\n"

    assert await values(evaluator, source, "await two() + 1", "[await two() for _ in range(2)]") == [None, 3, [2, 2]]


async def test_a_coroutine_is_awaited_by_itself(evaluator: Evaluator, shown: list[object]) -> None:
    """`say("#ops", "hi")` just works."""
    await values(evaluator, "async def say(text):\n    return text\n", 'say("hi")')

    assert shown == ["hi"]


async def test_a_task_is_left_running(evaluator: Evaluator) -> None:
    """Who makes a task wants it in the background, and the prompt back."""
    await values(evaluator, "import asyncio; gate = asyncio.Event()", "t = asyncio.create_task(gate.wait())")

    [task] = await values(evaluator, "t")

    assert isinstance(task, asyncio.Task)
    assert not task.done()
    assert await values(evaluator, "gate.set()", "await t") == [None, True]


async def test_underscores_hold_the_last_two_values(evaluator: Evaluator) -> None:
    """`_` and `__` work as in Python's own REPL; nothing to show changes nothing."""
    assert await values(evaluator, "1", "2", "x = 5", "None", "(_, __)") == [1, 2, None, None, (2, 1)]


async def test_a_semicolon_hides_the_value(evaluator: Evaluator, shown: list[object]) -> None:
    """Long results need not be shown to be had."""
    await values(evaluator, "list(range(9));")

    assert shown == []


async def test_the_context_lasts_from_input_to_input(evaluator: Evaluator) -> None:
    """A context variable set in one input is seen by the next, and by nobody else."""
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)
    evaluator.namespace["variable"] = variable

    assert (await values(evaluator, "variable.set(7);", "variable.get()"))[1] == 7
    assert variable.get() == 0


async def test_a_traceback_begins_in_the_persons_code(evaluator: Evaluator) -> None:
    """How the REPL came to run the code helps nobody; the lines of earlier inputs do."""
    await evaluator.evaluate("def divide(a, b):\n    return a / b\n")

    outcome = await evaluator.evaluate("divide(1, 0)")

    lines = outcome.error.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == '  File "<repl 2>", line 1, in <module>'
    assert "return a / b" in outcome.error
    assert lines[-1] == "ZeroDivisionError: division by zero"


async def test_a_syntax_error_shows_the_place(evaluator: Evaluator) -> None:
    """And nothing of the compiler's callers."""
    outcome = await evaluator.evaluate("1 +* 2")

    assert outcome.error.splitlines()[0] == '  File "<repl 1>", line 1'
    assert "SyntaxError" in outcome.error


async def test_a_slack_error_is_one_line(evaluator: Evaluator) -> None:
    """Slack's error name, and what to do."""
    evaluator.namespace["error"] = SlackApiError("no", {"ok": False, "error": "not_in_channel"})  # type: ignore[no-untyped-call]  # slack_sdk's

    outcome = await evaluator.evaluate("raise error")

    assert outcome.error == "Slack refused: not_in_channel. Invite the bot to the channel first."


async def test_a_missing_scope_names_the_scope(evaluator: Evaluator) -> None:
    """The commonest mistake of a new app."""
    response = {"ok": False, "error": "missing_scope", "needed": "reactions:write"}
    evaluator.namespace["error"] = SlackApiError("no", response)  # type: ignore[no-untyped-call]  # slack_sdk's

    assert "reactions:write" in (await evaluator.evaluate("raise error")).error


async def test_a_long_traceback_is_cut(evaluator: Evaluator) -> None:
    """Endless recursion does not push the conversation off the screen."""
    await evaluator.evaluate("def a(n): return b(n)\ndef b(n): return a(n + 1)\n")

    outcome = await evaluator.evaluate("a(0)")

    assert len(outcome.error.splitlines()) < 70
    assert "RecursionError" in outcome.error


async def test_secrets_in_errors_are_redacted(evaluator: Evaluator) -> None:
    """A token in an exception's text is still a token."""
    outcome = await evaluator.evaluate(f"raise ValueError({SECRET!r})")

    assert SECRET not in outcome.error
    assert "xoxb-…redacted" in outcome.error


@pytest.mark.parametrize(
    ("source", "code"), [("exit()", 0), ("quit(3)", 3), ("import sys; sys.exit('no')", 1), ("raise SystemExit", 0)]
)
async def test_leaving_is_reported_not_done(evaluator: Evaluator, source: str, code: int) -> None:
    """The bot must survive `exit()`; what to make of it is up to the session."""
    outcome = await evaluator.evaluate(source)

    assert outcome.exit_code == code
    assert await values(evaluator, "1 + 1") == [2]


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "GeneratorExit", "BaseException", "StopIteration"])
async def test_no_exception_ends_the_session(evaluator: Evaluator, error: str) -> None:
    """Also those that do not derive from Exception."""
    outcome = await evaluator.evaluate(f"raise {error}('x')")

    assert error in outcome.error
    assert await values(evaluator, "1 + 1") == [2]


async def test_cancelling_lets_the_code_clean_up(evaluator: Evaluator) -> None:
    """Ctrl-C ends the running expression only, and `finally` runs."""
    source = "started.set()\ntry:\n    await asyncio.Event().wait()\nfinally:\n    cleaned = True"
    started = asyncio.Event()
    evaluator.namespace.update(asyncio=asyncio, started=started)
    running = asyncio.create_task(evaluator.evaluate(source))
    await started.wait()

    assert evaluator.is_running
    assert evaluator.cancel()

    assert await running == Evaluation(is_cancelled=True)
    assert evaluator.namespace["cleaned"] is True
    assert not evaluator.cancel()


async def test_code_that_refuses_to_stop_is_left_behind(evaluator: Evaluator) -> None:
    """A second Ctrl-C gives the prompt back, whatever the code does with its cancellation."""
    source = "started.set()\nwhile not done:\n    try:\n        await asyncio.Event().wait()\n    except: pass"
    started = asyncio.Event()
    evaluator.namespace.update(asyncio=asyncio, started=started, done=False)
    running = asyncio.create_task(evaluator.evaluate(source))
    await started.wait()

    evaluator.cancel()
    evaluator.cancel()
    outcome = await running
    evaluator.namespace["done"] = True

    assert outcome.is_cancelled
    assert "background" in outcome.error
    assert await values(evaluator, "1 + 1") == [2]


@pytest.mark.parametrize("source", ["while True: pass", "import time; time.sleep(100)"])
async def test_blocking_code_can_be_interrupted_from_another_thread(evaluator: Evaluator, source: str) -> None:
    """`while True: pass` at the prompt must not freeze the bot for good."""
    tried = threading.Event()

    def press_ctrl_c() -> None:
        while not interrupt_blocking_code():
            tried.wait(0.01)

    keyboard = threading.Thread(target=press_ctrl_c)
    keyboard.start()
    outcome = await evaluator.evaluate(source)
    keyboard.join()

    assert outcome == Evaluation(is_cancelled=True)
    assert await values(evaluator, "1 + 1") == [2]


async def test_interrupting_harms_nobody_when_nothing_blocks(evaluator: Evaluator) -> None:
    """Ctrl-C while code awaits, or while nothing runs, is not a matter of signals."""
    started = asyncio.Event()
    evaluator.namespace.update(asyncio=asyncio, started=started)
    running = asyncio.create_task(evaluator.evaluate("started.set(); await asyncio.Event().wait()"))
    await started.wait()

    assert not await asyncio.to_thread(interrupt_blocking_code)

    evaluator.cancel()
    assert (await running).is_cancelled
    assert not interrupt_blocking_code()


async def test_a_broken_repr_is_an_error_like_any_other() -> None:
    """Showing a value runs its code, which may fail as well."""

    def display(value: object) -> None:
        str(value)

    evaluator = Evaluator(display=display)
    await evaluator.evaluate("class Bad:\n    def __str__(self):\n        raise KeyboardInterrupt('no')\n")

    assert "KeyboardInterrupt" in (await evaluator.evaluate("Bad()")).error
    assert await values(evaluator, "1 + 1") == [2]


async def test_compiler_warnings_are_shown() -> None:
    """`"x" is "x"` is worth a warning, and no more than that."""
    warned: list[str] = []
    evaluator = Evaluator(on_warning=warned.append)

    await values(evaluator, "'x' is 'x'")

    assert len(warned) == 1
    assert warned[0].startswith("SyntaxWarning")


async def test_builtins_come_back(evaluator: Evaluator) -> None:
    """Overwriting the builtins spoils one input, not the session."""
    await evaluator.evaluate("__builtins__ = None")

    assert await values(evaluator, "len([1])") == [1]


async def test_input_is_refused(evaluator: Evaluator) -> None:
    """It would wait for a line that the console's own keyboard thread takes."""
    assert "hold up the bot" in (await evaluator.evaluate("input()")).error


async def test_a_very_deep_expression_is_an_error(evaluator: Evaluator) -> None:
    """The compiler gives up; the session does not."""
    for source in ("(" * 5000, "-" * 5000 + "1", "[" * 150 + "]" * 150, "f(" * 1000, "9" * 5000):
        await evaluator.evaluate(source)

    assert await values(evaluator, "1 + 1") == [2]


WORDS = """
await async for in range(3) : x = y . ( ) [ ] { } , lambda yield return raise del None 1 'a' " _ @ * ** class def try
except finally with as pass break continue global nonlocal assert exit() print import from if else while match case :=
; # \\ __builtins__ asyncio.sleep(0) 1/0 [].x int type object
"""
PIECES = st.sampled_from([*WORDS.split(), "\n", "\n    ", "\t"])


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=12).map(" ".join)))
@example("\x00")
@example("\ud800")
@example("exit()")
@example("del __builtins__")
@example("raise asyncio.CancelledError")
@example("return 1")
@example("await None")
async def test_whatever_is_typed_the_session_stays_usable(text: str) -> None:
    """The property behind all of the above."""
    shown: list[object] = []
    evaluator = Evaluator(display=shown.append)
    if "while" in text:
        text = text.replace("while", "if")  # an endless loop is stopped from another thread, tested above

    outcome = await evaluator.evaluate(text)

    assert isinstance(outcome, Evaluation)
    assert isinstance(asks_for_more(text), bool)
    assert (await evaluator.evaluate("1 + 1")).value == 2


@pytest.mark.parametrize(
    "source",
    ["def f():", "if x:\n    y", "f(1,", "'''a", "x = [", "async def f():\n    await x", "@decorator", "x \\"],
)
def test_the_beginning_of_an_input_asks_for_more(source: str) -> None:
    """Enter then begins a new line instead of running half of it."""
    assert asks_for_more(source)


@pytest.mark.parametrize("source", ["", "  ", "1", "await f()", "if x:\n    y\n", "f(1)\ng(2)", "1 +* 2", "def f(:"])
def test_a_whole_input_asks_for_no_more(source: str) -> None:
    """A mistake is whole, too: evaluating it says what is wrong."""
    assert not asks_for_more(source)
