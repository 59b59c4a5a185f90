"""Imports the project's own modules: from source, and again whenever they have changed.

Python caches compiled modules by time stamp and size, so that two saves of the same size within a second leave the old
code running. Modules of the project are therefore always compiled from what the file says now. `.pyc` files are neither
read nor written for them; everything else is imported by Python as ever.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import linecache
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from machine.errors import Mistake, PluginError, SettingsError
from machine.exception_policy import concerns_others
from machine.loading.peer_hints import remedy
from machine.loading.source_files import is_foreign, is_source
from machine.tracebacks import one_line, own_traceback

_NOT_OURS = frozenset({"machine", "machine_console", *sys.stdlib_module_names})


class Project:
    """The modules of a bot's own project.

    A project is a folder: its top-level modules and packages are the project's, and the plugin folder is a package of
    its name, whether or not it has an `__init__.py`.

    Args:
        root: The folder of the project.
        plugin_dir: The folder of the plugin files; it may lie outside of the project.
    """

    def __init__(self, root: Path, plugin_dir: Path) -> None:
        self.root = root.resolve()
        self.plugin_dir = plugin_dir.resolve()
        self.package = _package_name(self.root, self.plugin_dir)
        self._finder = _ProjectFinder(self)
        self._is_on_path = False  # by our doing

    def install(self) -> None:
        """Let Python import the project's modules; `root` comes before everything else that is on the path."""
        if self._finder not in sys.meta_path:
            sys.meta_path.insert(0, self._finder)
        if str(self.root) not in sys.path:
            sys.path.insert(0, str(self.root))
            self._is_on_path = True

    def uninstall(self) -> None:
        """Undo `install()`, and forget the modules that were imported."""
        if self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        if self._is_on_path and str(self.root) in sys.path:
            sys.path.remove(str(self.root))
            self._is_on_path = False
        self.forget(self.modules())
        for package in _with_parents(self.package):
            sys.modules.pop(package, None)  # without an `__init__.py` it is not one of `modules()`

    def modules(self) -> dict[str, ModuleType]:
        """The project's modules that are imported, by name."""
        return {
            name: module
            for name, module in tuple(sys.modules.items())
            if (spec := getattr(module, "__spec__", None)) is not None  # not every entry of it is a real module
            and isinstance(spec.loader, _SourceLoader)
            and self.owns(Path(spec.origin or ""))
        }

    def fingerprints(self) -> dict[Path, str | None]:
        """Of the sources that the imported modules were compiled from; the files may have been saved since."""
        loaders = [module.__spec__.loader for module in self.modules().values() if module.__spec__ is not None]
        return {Path(loader.path): loader.fingerprint for loader in loaders if isinstance(loader, _SourceLoader)}

    def owns(self, path: Path) -> bool:
        """Whether a file belongs to the project."""
        return any(
            path.is_relative_to(folder) and not is_foreign(path, folder) for folder in (self.root, self.plugin_dir)
        )

    def load(self, name: str) -> ModuleType:
        """Import a module.

        Raises:
            PluginError: When it, or something it imports, cannot be imported; says where and why.
        """
        if not all(part.isidentifier() for part in name.split(".")):
            raise PluginError(name, f"{name!r} is not a dotted name. Check the name in PLUGINS.", phase="import")
        try:
            return importlib.import_module(name)
        except BaseException as error:
            if concerns_others(error):
                raise
            raise import_failed(name, error, self) from error

    def forget(self, names: Iterable[str]) -> None:
        """Take modules out of `sys.modules`, so that they are imported anew."""
        for name in tuple(names):
            module = sys.modules.pop(name, None)
            if module is not None:
                parent, _, child = name.rpartition(".")
                if parent in sys.modules and vars(sys.modules[parent]).get(child) is module:
                    delattr(sys.modules[parent], child)  # else `from . import child` would find it there
                linecache.checkcache(module.__file__)
        importlib.invalidate_caches()

    def restore(self, modules: Mapping[str, ModuleType]) -> None:
        """Have the project's modules be these again, as `modules()` returned them, and forget all that came since."""
        now = self.modules()
        self.forget(name for name, module in now.items() if modules.get(name) is not module)
        missing = {name: module for name, module in modules.items() if name not in sys.modules}
        sys.modules.update(missing)
        for name, module in missing.items():
            parent, _, child = name.rpartition(".")
            if parent in sys.modules:
                setattr(sys.modules[parent], child, module)

    def check(self) -> None:
        """Make sure that plugins can be imported from the plugin folder, if there is one.

        Raises:
            SettingsError: When there is something else in its place, or Python cannot import by its name.
        """
        if not self.plugin_dir.exists():
            return
        problem = ""
        if not self.plugin_dir.is_dir():
            problem = "that is not a folder"
        elif not all(part.isidentifier() for part in self.package.split(".")):
            problem = "Python cannot import that name"
        elif self._is_taken(self.package.partition(".")[0]):
            problem = "that is the name of a package which Python or the bot itself uses"
        if problem:
            where = f"names {self.plugin_dir}, but {problem}"
            raise SettingsError([Mistake("PLUGIN_DIR", where, "Name a folder, with letters, digits and `_`.")])

    def plugin_modules(self) -> list[str]:
        """Names of the modules in the plugin folder that may hold plugins: files and packages without a leading `_`."""
        return [f"{self.package}.{path.stem}" for path in self._plugin_files() if path.stem.isidentifier()]

    def passed_over(self) -> list[Path]:
        """What would hold plugins, but has a name that Python cannot import."""
        return [path for path in self._plugin_files() if not path.stem.isidentifier()]

    def _plugin_files(self) -> list[Path]:
        if not self.plugin_dir.is_dir():
            return []
        return [
            path
            for path in sorted(self.plugin_dir.iterdir())
            if not path.name.startswith((".", "_"))
            and ((is_source(path, [self.plugin_dir]) and path.suffix == ".py") or (path / "__init__.py").is_file())
        ]

    def _is_taken(self, name: str) -> bool:
        """Whether Python, or an installed package, has a module of this name."""
        spec: ModuleSpec | None = getattr(sys.modules.get(name), "__spec__", None)
        if spec is None or spec.origin is None or isinstance(spec.loader, _SourceLoader):
            return name in _NOT_OURS
        return not self.owns(Path(spec.origin))

    def folders(self) -> set[Path]:
        """The folders that hold the project's code: the plugin folder, and packages imported from elsewhere."""
        found = {self.plugin_dir}
        for name, module in self.modules().items():
            path = Path(module.__file__ or "")
            if "." not in name and path.name == "__init__.py" and not path.is_relative_to(self.plugin_dir):
                found.add(path.parent)
        return found

    def importers_of(self, changed: Iterable[str]) -> set[str]:
        """`changed`, and every imported module of the project that imports one of them, directly or not."""
        modules = self.modules()
        imports = {name: set(_imports(name, module)) for name, module in modules.items()}
        affected = set(changed)
        while True:
            more = {name for name, used in imports.items() if name not in affected and used & affected}
            if not more:
                return affected
            affected |= more


def fingerprint(path: Path) -> str | None:
    """What tells one content of a file from another; `None` where there is no file."""
    try:
        return _digest(path.read_bytes())
    except OSError:
        return None


def has_line(module: ModuleType, text: str) -> bool:
    """Whether a line of the source that a module of the project was compiled from reads so, but for its blanks."""
    loader = module.__spec__.loader if module.__spec__ is not None else None
    lines = loader.source.decode("utf-8", "replace").splitlines() if isinstance(loader, _SourceLoader) else ()
    return any(line.strip() == text for line in lines)


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def import_failed(name: str, error: BaseException, project: Project) -> PluginError:
    """An exception during an import, in words: what could not be imported, where, and why."""
    if isinstance(error, PluginError):
        file, line = _last_own_frame(error, project)
        return PluginError(name, str(error), phase=error.phase, file=error.file or file, line=error.line or line)
    if isinstance(error, SyntaxError):
        return PluginError(name, one_line(error), phase="import", file=error.filename, line=error.lineno)
    file, line = _last_own_frame(error, project)
    if isinstance(error, ModuleNotFoundError) and error.name in tuple(_with_parents(name)):
        lost = project.plugin_dir / f"{name.rpartition('.')[2]}.py"
        if lost.is_symlink():
            return PluginError(name, "The link leads nowhere.", phase="import", file=str(lost))
        return PluginError(name, f"There is no module {name}. Check the name in PLUGINS.", phase="import")
    problem = " ".join(filter(None, [one_line(error), remedy(error)]))
    return PluginError(name, problem, phase="import", file=file, line=line, traceback=own_traceback(error, file or ""))


def _last_own_frame(error: BaseException, project: Project) -> tuple[str | None, int | None]:
    frame = error.__traceback__
    found: tuple[str | None, int | None] = (None, None)
    while frame is not None:
        file = frame.tb_frame.f_code.co_filename
        if project.owns(Path(file)) and not file.startswith("<"):
            found = (file, frame.tb_lineno)
        frame = frame.tb_next
    return found


def _package_name(root: Path, plugin_dir: Path) -> str:
    parts = plugin_dir.relative_to(root).parts if plugin_dir.is_relative_to(root) else (plugin_dir.name,)
    return ".".join(part.replace("-", "_") for part in parts) or "plugins"


def _imports(name: str, module: ModuleType) -> Iterator[str]:
    """The modules a module's source imports by name; `importlib.import_module` calls are not seen."""
    try:
        tree = ast.parse(Path(module.__file__ or "").read_bytes())
    except (OSError, SyntaxError, ValueError):
        return
    is_package = hasattr(module, "__path__")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _with_parents(alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(name, is_package, node)
            yield from _with_parents(base)
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(name: str, is_package: bool, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = name.split(".")
    keep = len(package) - node.level + (1 if is_package else 0)
    return ".".join([*package[: max(keep, 0)], *([node.module] if node.module else [])])


def _with_parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])


class _SourceLoader(SourceFileLoader):
    """Compiles the source each time; a `.pyc` is neither trusted nor written.

    Attributes:
        source: What was compiled last; empty before.
        fingerprint: Of the source; `None` before.
    """

    source: bytes = b""
    fingerprint: str | None = None

    def get_code(self, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        data = self.get_data(path)
        self.fingerprint, self.source = _digest(data), data
        try:
            data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if b"coding" not in data[:200]:
                line = data[: error.start].count(b"\n") + 1
                raise SyntaxError(
                    f"the file is not UTF-8 (byte 0x{data[error.start]:02x}); save it as UTF-8", (path, line, 1, None)
                ) from None
        return self.source_to_code(data, path)

    def exec_module(self, module: ModuleType) -> None:
        """Run it; a package that is imported again has the modules in it that are not, as if it had imported them."""
        if hasattr(module, "__path__"):
            for name, child in tuple(sys.modules.items()):
                parent, _, last = name.rpartition(".")
                if parent == module.__name__:
                    setattr(module, last, child)
        super().exec_module(module)


class _ProjectFinder(MetaPathFinder):
    def __init__(self, project: Project) -> None:
        self._project = project

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - the interface's
    ) -> ModuleSpec | None:
        project = self._project
        if fullname == project.package or project.package.startswith(f"{fullname}."):
            return self._folder(fullname)
        if fullname.partition(".")[0] in _NOT_OURS:
            return None
        parent, _, child = fullname.rpartition(".")
        if not parent:
            return _find_in(fullname, child, project.root)
        for folder in path or ():
            if project.owns(Path(folder)):
                return _find_in(fullname, child, Path(folder))
        return None

    def _folder(self, fullname: str) -> ModuleSpec | None:
        """The plugin folder, or one on the way to it, as a package; with or without `__init__.py`."""
        project = self._project
        folder = project.plugin_dir
        for _ in range(project.package.count(".") - fullname.count(".")):
            folder = folder.parent
        if not folder.is_dir():
            return None
        if (folder / "__init__.py").is_file():
            return _package_spec(fullname, folder)
        spec = ModuleSpec(fullname, None, is_package=True)
        spec.submodule_search_locations = [str(folder)]
        return spec


def _find_in(fullname: str, child: str, folder: Path) -> ModuleSpec | None:
    if (folder / child / "__init__.py").is_file():
        return _package_spec(fullname, folder / child)
    file = folder / f"{child}.py"
    return (
        spec_from_file_location(fullname, file, loader=_SourceLoader(fullname, str(file))) if file.is_file() else None
    )


def _package_spec(fullname: str, folder: Path) -> ModuleSpec | None:
    file = folder / "__init__.py"
    return spec_from_file_location(
        fullname, file, loader=_SourceLoader(fullname, str(file)), submodule_search_locations=[str(folder)]
    )
