"""Runs what is typed at the prompt, and always gives the prompt back.

An input is Python with `await` allowed at the top level. It runs in one task of its own on the bot's event loop, in a
context that lasts from input to input. Whatever the code does (raise, exit, spin, refuse to be cancelled), what comes
back is an `Evaluation`.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import codeop
import contextvars
import inspect
import linecache
import warnings
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import groupby
from types import CodeType
from typing import Any

from machine_console.repl.language.errors import INPUT_PREFIX, ReplError, describe
from machine_console.repl.language.interrupt import Owner, ReplInterrupted, interruptible, watched

KEPT_SOURCES = 500
"""Inputs whose source stays known, so that tracebacks through functions defined in them show their lines."""

CANCELLED = 130
"""The exit code of a process that was interrupted, as shells have it."""

_COMPOUND = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.FunctionDef, ast.AsyncFunctionDef,
    ast.ClassDef, ast.Match,
)  # fmt: skip
_UNCOMPILABLE = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)
_FUTURES = 0x1FF0000
"""The bits that `from __future__ import ...` sets in a code object."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What became of one input.

    Attributes:
        value: What its last expression came to, after awaiting; `None` where there is none.
        error: What to show where it failed: redacted, one line or a short traceback.
        is_cancelled: It was stopped by the person.
        exit_code: What the process should exit with, where the code asked to leave (`exit()`, `SystemExit`).
    """

    value: object = None
    error: str = ""
    is_cancelled: bool = False
    exit_code: int | None = None

    @property
    def status(self) -> int:
        """What a process should exit with that ran one input."""
        if self.exit_code is not None:
            return self.exit_code
        return CANCELLED if self.is_cancelled else int(bool(self.error))


class _Leave:
    """`exit` and `quit`. The ones of `site` also close stdin, which the console still needs."""

    def __repr__(self) -> str:
        return "exit() or Ctrl-D leaves the REPL"

    def __call__(self, code: int | str | None = None) -> None:
        raise SystemExit(code)


def _refuse_to_block(*_args: object, **_kwargs: object) -> None:
    raise ReplError("input() and breakpoint() would hold up the bot, which runs on this thread.")


_BASE: Mapping[str, object] = {
    "__name__": "__console__",
    "__doc__": None,
    "_": None,
    "__": None,
    "exit": _Leave(),
    "quit": _Leave(),
    "input": _refuse_to_block,
    "breakpoint": _refuse_to_block,
}


class Evaluator:
    """Evaluates inputs one after another in one namespace.

    Args:
        namespace: Names the inputs begin with.
        display: Called with each value worth showing, as `sys.displayhook` is: in the input's own task, so that
            showing it can be cancelled like the rest.
        on_warning: Called with one line for each warning of the compiler.
        takes_sigint: A SIGINT cancels the running input; for sessions on a terminal that turns Ctrl-C into SIGINT.
        number: Of the session, where several share this process; then SIGINT is left alone.
    """

    def __init__(
        self,
        namespace: Mapping[str, object] | None = None,
        *,
        display: Callable[[object], None] | None = None,
        on_warning: Callable[[str], None] | None = None,
        takes_sigint: bool = False,
        number: int | None = None,
    ) -> None:
        self.namespace: dict[str, Any] = {**_BASE, **(namespace or {})}
        self.context = contextvars.copy_context()
        self._display = display
        self._on_warning = on_warning
        self._takes_sigint = takes_sigint
        self._number = number
        self._flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self._count = 0
        self._sources: deque[str] = deque()
        self._job: asyncio.Task[Evaluation] | None = None
        self._abandon: asyncio.Event | None = None
        self._abandoned: set[asyncio.Task[Evaluation]] = set()

    @property
    def is_running(self) -> bool:
        """Whether an input is being evaluated."""
        return self._job is not None

    def cancel(self) -> bool:
        """Stop the input that is being evaluated; `False` when there is none.

        It gets the chance to clean up. Code that will not end is left behind by the second call: `evaluate` returns,
        and the code goes on in the background.
        """
        job, abandon = self._job, self._abandon
        if job is None or abandon is None:
            return False
        if job.cancelling():
            abandon.set()
        job.cancel()
        return True

    async def evaluate(self, source: str) -> Evaluation:
        """Run `source` and tell what became of it.

        Expressions that come to something awaitable are awaited (tasks and futures excepted: they run by themselves).
        The value of the last one is displayed and kept as `_`, unless it is followed by `;`.

        Raises:
            RuntimeError: Another input is being evaluated.
        """
        if self._job is not None:
            raise RuntimeError("another input is being evaluated")
        loop = asyncio.get_running_loop()
        abandon = self._abandon = asyncio.Event()
        job = self._job = loop.create_task(self._contain(source), name="repl-input", context=self.context)
        waiting = loop.create_task(abandon.wait(), name="repl-abandon")
        try:
            with self._interruptible(loop):
                await asyncio.wait({job, waiting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._job = None
            waiting.cancel()
            if not job.done():
                job.cancel()
                self._abandoned.add(job)
                job.add_done_callback(self._abandoned.discard)
        if not job.done():
            return Evaluation(
                error="It does not stop. It was left behind and goes on in the background.", is_cancelled=True
            )
        return Evaluation(is_cancelled=True) if job.cancelled() else job.result()

    def _interruptible(self, loop: asyncio.AbstractEventLoop) -> AbstractContextManager[None]:
        if self._number is not None:
            return nullcontext()  # whoever runs several sessions sees to it for all of them
        return interruptible((lambda: _soon(loop, self.cancel)) if self._takes_sigint else None)

    async def _contain(self, source: str) -> Evaluation:
        """Run `source`; whatever comes out of it becomes an outcome."""
        try:
            return Evaluation(value=await watched(self._run(source), Owner(self._number, source)))
        except (asyncio.CancelledError, ReplInterrupted):
            return Evaluation(is_cancelled=True)
        except SystemExit as leave:
            return _left(leave)
        except BaseException as error:  # noqa: BLE001 - code at the prompt may raise anything, and must not end the bot
            return Evaluation(error=describe(error))

    async def _run(self, source: str) -> object:
        self.namespace["__builtins__"] = builtins  # however the last input left it
        value: object = None
        for code in self._compile(source, self._remember(source)):
            value = eval(code, self.namespace)  # noqa: S307 - running what is typed is what a REPL is for
            if code.co_flags & inspect.CO_COROUTINE:
                value = await value  # type: ignore[misc]  # the flag says that it is a coroutine
            if inspect.isawaitable(value) and not isinstance(value, asyncio.Future):
                value = await value
        if value is not None and not source.rstrip().endswith(";"):
            if self._display is not None:
                self._display(value)
            self.namespace["__"], self.namespace["_"] = self.namespace.get("_"), value
        return value

    def _compile(self, source: str, filename: str) -> list[CodeType]:
        """The code of each expression that stands for itself, and of the other statements in between."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            tree: ast.Module = compile(source, filename, "exec", self._flags | ast.PyCF_ONLY_AST, dont_inherit=True)
            parts: list[CodeType] = []
            for is_expression, group in groupby(tree.body, key=lambda statement: isinstance(statement, ast.Expr)):
                if is_expression:
                    for statement in group:
                        assert isinstance(statement, ast.Expr)
                        parts.append(self._code(ast.Expression(statement.value), filename, "eval"))
                else:
                    parts.append(self._code(ast.Module(list(group), type_ignores=[]), filename, "exec"))
        if self._on_warning is not None:
            for text in dict.fromkeys(f"{one.category.__name__}: {one.message}" for one in caught):
                self._on_warning(text)
        return parts

    def _code(self, tree: ast.Expression | ast.Module, filename: str, mode: str) -> CodeType:
        code: CodeType = compile(tree, filename, mode, self._flags, dont_inherit=True)
        self._flags |= code.co_flags & _FUTURES  # `from __future__ import ...` holds for what follows
        return code

    def _remember(self, source: str) -> str:
        """Let tracebacks find the lines of `source`; returns the file name it goes by."""
        self._count += 1
        filename = f"{INPUT_PREFIX}{self._count}>"
        # without a modification time, linecache takes the lines as they are and never looks for a file
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        self._sources.append(filename)
        if len(self._sources) > KEPT_SOURCES:
            linecache.cache.pop(self._sources.popleft(), None)
        return filename


def asks_for_more(source: str) -> bool:
    """Whether `source` is the beginning of an input rather than all of it.

    A compound statement (`if`, `def`, ...) is complete with the blank line after it, as in Python's own REPL.
    """
    if not source.strip():
        return False
    compiler = codeop.CommandCompiler()
    compiler.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            if compiler(source, INPUT_PREFIX + "?>", "exec") is None:
                return True
            last = ast.parse(source).body[-1:]
        except _UNCOMPILABLE:
            return False  # let it be evaluated, which says what is wrong
    return bool(last) and isinstance(last[0], _COMPOUND) and bool(source.rsplit("\n", 1)[-1].strip())


def _left(leave: SystemExit) -> Evaluation:
    code = leave.code
    if code is None or isinstance(code, int):
        return Evaluation(exit_code=int(code or 0))
    return Evaluation(error=describe(ReplError(str(code))), exit_code=1)


def _soon(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    loop.call_soon_threadsafe(callback)
