"""Django's backend for PostgreSQL, which waits only for a server that answers.

A statement may take long. So after `PATIENCE` without an answer, the server is asked on a new connection whether it is
there: one that is stopped, or cut off from this machine, would otherwise keep every thread of the portal for ever.
Whoever asked then gets an OperationalError, as from a server that refuses connections.
"""

import json
import re
import socket
import struct
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from django.utils.asyncio import async_unsafe
from psycopg.errors import ConnectionTimeout, OperationalError, _WaitTimeout
from psycopg.types.string import TextLoader

#: Seconds without an answer before the server is asked whether it is there, then seconds for its answer.
PATIENCE, ANSWER = 1.0, 0.8
#: Seconds for a new connection. libpq allows no less.
CONNECT = 2
#: Seconds without a new try after the server said nothing: one page asks several times.
PAUSE = 1.0
#: PostgreSQL's protocol: 8 bytes, and the number by which a client asks for TLS. Any answer is a sign of life.
ASKS_FOR_TLS = struct.pack("!ii", 8, 80877103)
#: What a role may set for itself in the database, for all its connections; those of a connection win.
PLAIN = (
    "-c search_path=public -c datestyle=ISO -c default_transaction_read_only=off -c timezone=UTC"
    r" -c default_transaction_isolation=read\ committed -c synchronous_commit=on"
    " -c standard_conforming_strings=on -c transform_null_equals=off"
    # How values are read and written.
    " -c array_nulls=on -c backslash_quote=safe_encoding"
    " -c intervalstyle=postgres -c extra_float_digits=1 -c bytea_output=hex"
    # What is found, and told.
    " -c row_security=on -c gin_fuzzy_search_limit=0 -c default_transaction_deferrable=off"
    " -c client_min_messages=notice -c local_preload_libraries="
    # When a statement or a session ends.
    " -c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0"
)
#: What a statement, and the lock that it waits for, may take in a process that answers requests.
WHILE_SERVING = "-c statement_timeout=30s -c lock_timeout=10s"

#: A whole number that Python does not read, nor anything that the portal writes has.
TOO_LONG = re.compile(rb"[0-9]{4301}")

_silent_until = 0.0


class Json(TextLoader):
    """JSON as Django's own loader leaves it; with a number that Python refuses, a DataError (core/web/faults.py)."""

    def load(self, data: Any) -> str | bytes:  # noqa: ANN401 - psycopg's own
        if len(data) > 4300 and TOO_LONG.search(data):
            try:
                json.loads(bytes(data))
            except ValueError:
                raise psycopg.DataError("JSON with a number that is too long") from None
        return super().load(data)


class Connection(psycopg.Connection[Any]):
    """A connection whose waits end when the server is no longer there."""

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ANN401 - psycopg's own
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        while True:
            try:
                return super().wait(gen, interval, PATIENCE)
            except _WaitTimeout:
                if not is_server_up(self.info.hostaddr or self.info.host, self.info.port):
                    self.pgconn.finish()
                    _note_silence()
                    raise OperationalError("the database does not answer") from None


class DatabaseWrapper(base.DatabaseWrapper):
    serving = False

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        params.setdefault("connect_timeout", CONNECT)
        params["options"] = " ".join([PLAIN, params.get("options", ""), WHILE_SERVING if self.serving else ""]).strip()
        return params

    def is_up(self) -> bool:
        """Return whether the server answers, without waiting longer than `ANSWER`."""
        host, port = self.settings_dict["HOST"], self.settings_dict["PORT"]
        return not host or is_server_up(host, int(port or 5432))

    @async_unsafe
    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection:
        """Connect as Django does, with neither its pool nor its choice of an isolation level."""
        if time.monotonic() < _silent_until:
            raise OperationalError("the database did not answer a moment ago")
        self.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        try:
            made = Connection.connect(**conn_params)
        except ConnectionTimeout:
            _note_silence()
            raise
        made.adapters.register_loader("jsonb", Json)
        return made


def is_server_up(host: str, port: int) -> bool:
    """Return whether a server answers there within `ANSWER`. `host` may be a folder of sockets."""
    is_folder = host.startswith(("/", "@"))
    try:
        with socket.socket(socket.AF_UNIX) if is_folder else socket.create_connection((host, port), ANSWER) as probe:
            probe.settimeout(ANSWER)
            if is_folder:
                probe.connect(f"{host}/.s.PGSQL.{port}")
            probe.sendall(ASKS_FOR_TLS)
            return bool(probe.recv(1))
    except OSError:
        return False


def _note_silence() -> None:
    global _silent_until
    _silent_until = time.monotonic() + PAUSE
