"""The file that the directory of people and channels is kept in, and found again in at the next start.

A large workspace in memory is hundreds of megabytes of models of which handlers read a few. In SQLite it costs a page
cache, a person is read in some 20 µs, and the next start reads nothing before it is asked for. The file is a cache:
whatever is wrong with it, it is begun anew, and where it cannot be written the same tables are in memory.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from machine.private_files import make_private_file, make_private_folder

FILE = Path(".machine") / "directory.sqlite3"  # in the project's folder
VERSION = 3  # of the tables below; a file of another version is begun anew

# What nearly every record repeats. Primed with it, a record of 1.2 kB takes 200 to 300 bytes.
_USUAL = (
    b'{"id":"U0","team_id":"T0","name":"","deleted":false,"color":"9f69e7","real_name":"","tz":"Europe/Amsterdam",'
    b'"tz_label":"Central European Time","tz_offset":3600,"profile":{"title":"","phone":"","skype":"",'
    b'"real_name":"","real_name_normalized":"","display_name":"","display_name_normalized":"","fields":null,'
    b'"status_text":"","status_emoji":"","status_emoji_display_info":[],"status_expiration":0,"avatar_hash":"",'
    b'"email":"@example.com","first_name":"","last_name":"","image_24":"https://avatars.slack-edge.com/",'
    b'"image_32":"https://secure.gravatar.com/avatar/","image_48":"","image_72":"","image_192":"","image_512":"",'
    b'"status_text_canonical":"","team":"T0"},"is_admin":false,"is_owner":false,"is_primary_owner":false,'
    b'"is_restricted":false,"is_ultra_restricted":false,"is_bot":false,"is_app_user":false,"updated":17,'
    b'"is_email_confirmed":true,"who_can_share_contact_card":"EVERYONE"},{"id":"C0","name":"","is_channel":true,'
    b'"is_group":false,"is_im":false,"is_mpim":false,"is_private":false,"created":17,"is_archived":false,'
    b'"is_general":false,"unlinked":0,"name_normalized":"","is_shared":false,"is_org_shared":false,'
    b'"is_pending_ext_shared":false,"pending_shared":[],"context_team_id":"T0","updated":17,"parent_conversation":'
    b'null,"creator":"U0","is_ext_shared":false,"shared_team_ids":["T0"],"pending_connected_team_ids":[],'
    b'"is_member":false,"topic":{"value":"","creator":"","last_set":0},"purpose":{"value":"","creator":"",'
    b'"last_set":0},"previous_names":[],"num_members":1}'
)
TABLES = ("users", "channels")
_TABLE = """
CREATE TABLE {table} (
    place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT, display_name TEXT, real_name TEXT, email TEXT,
    label TEXT, about TEXT, is_joined INTEGER, listing INTEGER NOT NULL, data BLOB NOT NULL
);
CREATE INDEX {table}_name ON {table} (name) WHERE name != '';
CREATE INDEX {table}_display_name ON {table} (display_name) WHERE display_name != '';
CREATE INDEX {table}_real_name ON {table} (real_name) WHERE real_name != '';
CREATE INDEX {table}_email ON {table} (email) WHERE email != '';
CREATE INDEX {table}_listing ON {table} (listing);
CREATE INDEX {table}_joined ON {table} (id) WHERE is_joined;
CREATE INDEX {table}_label ON {table} (place, label, about) WHERE label != '';
"""
_logger = logging.getLogger(__name__)


class DirectoryCache:
    """The tables `users` and `channels` in SQLite.

    Args:
        file: Where they are kept; without, in memory only.
        belongs_to: Workspace and bot. What another one left in the file is not taken over.

    Attributes:
        beginning: Grows each time the tables are begun anew, so that who remembers what was in them asks again.
    """

    def __init__(self, file: Path | None = None, belongs_to: str = "") -> None:
        self.beginning = 0
        self._file = file
        self._connection = _in_memory() if file is None else _open(file, belongs_to)

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """What a query finds; nothing, and an empty cache, where the file turns out to be broken."""
        try:
            return self._connection.execute(query, values).fetchall()
        except UnicodeEncodeError:  # half a character, as a name that was cut may end in: SQLite takes none
            return self.rows(query, [_whole(value) if isinstance(value, str) else value for value in values])
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)
            return self._connection.execute(query, values).fetchall()

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Several changes as one: much cheaper than each for itself."""
        self.rows("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self.rows("COMMIT")

    def close(self) -> None:
        """Let go of the file; what is asked for afterwards is not found."""
        connection, self._connection = self._connection, _in_memory()
        self.beginning += 1
        with contextlib.suppress(sqlite3.Error):
            connection.close()

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        """A full disk or a damaged file must stop no handler."""
        if self._file is None:
            raise error
        _logger.warning("%s cannot be used any more, people and channels are kept in memory: %s", self._file, error)
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._file.unlink(missing_ok=True)
        self._file, self._connection = None, _in_memory()
        self.beginning += 1


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()


def packed(data: Mapping[str, Any]) -> bytes:
    """An object of Slack as it is kept."""
    packer = zlib.compressobj(level=1, zdict=_USUAL)
    return packer.compress(json.dumps(data, separators=(",", ":")).encode()) + packer.flush()


def unpacked(record: bytes) -> dict[str, Any]:
    """What `packed` was given."""
    data: dict[str, Any] = json.loads(zlib.decompressobj(zdict=_USUAL).decompress(record))
    return data


def _open(file: Path, belongs_to: str) -> sqlite3.Connection:
    try:
        make_private_folder(file.parent)
        make_private_file(file)  # before SQLite makes it: it holds e-mail addresses
        try:
            return _prepared(file, belongs_to)
        except sqlite3.OperationalError:
            raise  # held by another process of the bot, say
        except sqlite3.DatabaseError as error:
            _logger.warning("The cache of people and channels is broken and is begun anew: %s (%s)", file, error)
            for part in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
                part.unlink(missing_ok=True)
            make_private_file(file)
            return _prepared(file, belongs_to)
    except (OSError, sqlite3.OperationalError) as error:
        _logger.info("People and channels are kept in memory, %s cannot be used: %s", file, error)
        return _in_memory()


def _prepared(file: Path, belongs_to: str) -> sqlite3.Connection:
    connection = _connect(str(file))
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # a second process keeps a directory of its own
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")  # survives kill -9; after a power cut it is listed again
        connection.execute("BEGIN EXCLUSIVE")
        if _owner(connection) != (VERSION, belongs_to):
            _make_tables(connection, belongs_to)
        connection.execute("COMMIT")
        for table in TABLES:
            connection.execute(f"SELECT data FROM {table} LIMIT 1").fetchall()  # noqa: S608 - names of ours
    except BaseException:
        connection.close()
        raise
    return connection


def _owner(connection: sqlite3.Connection) -> tuple[int, str] | None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version != VERSION:
        return None
    return version, connection.execute("SELECT belongs_to FROM snapshot").fetchone()[0]


def _make_tables(connection: sqlite3.Connection, belongs_to: str) -> None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        connection.execute(f'DROP TABLE "{table}"')
    script = "CREATE TABLE snapshot (belongs_to TEXT NOT NULL);" + "".join(_TABLE.format(table=one) for one in TABLES)
    for statement in filter(str.strip, script.split(";")):
        connection.execute(statement)
    connection.execute("INSERT INTO snapshot VALUES (?)", (belongs_to,))
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _in_memory() -> sqlite3.Connection:
    connection = _connect(":memory:")
    _make_tables(connection, "")
    return connection


def _connect(name: str) -> sqlite3.Connection:
    # Handlers may read `self.users` in a thread of their own; SQLite lets one statement run at a time.
    return sqlite3.connect(name, timeout=0, isolation_level=None, check_same_thread=False)
