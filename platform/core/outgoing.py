"""The client for addresses that other people write: a publisher's pages, the receivers of its signals.

Such an address must not lead into the city's own network. So each call

- goes to https, port 443, at a name without a password in it;
- resolves the name once, refuses it if any of its addresses is not a public one, and connects to an address that it
  has just looked at. The certificate is checked for the name. A DNS answer that changes later changes nothing;
- ends after a few seconds, however slowly the other side writes, and after so many bytes;
- follows a redirection only if it was asked to, as a new call under the same rules;
- uses no proxy of the environment, keeps no cookie, sends no password.

`OUTGOING_ALLOWED` opens ports of this machine by their number, for the demonstration and the tests; they may speak
http. `config.checks` refuses it in production.
"""

import codecs
import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import certifi
from django.conf import settings
from requests.utils import requote_uri
from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, NameResolutionError, SSLError
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

CONNECT_SECONDS = 4.0
#: For one call, from its start to its last byte, redirections included.
TOTAL_SECONDS = 10.0
MAX_BYTES = 2 * 1024 * 1024
#: Of all lines of the head together. http.client itself stops at a hundred lines, and at 64 KiB for each.
MAX_HEAD = 64 * 1024
#: Of one name, tried in turn.
ADDRESSES = 3
PORTS = {"https": 443}
USER_AGENT = "Garant"
#: What no name or path holds: a space, a control character, a backslash, which browsers read as a slash.
STRANGE = re.compile(r"[\s\\\x00-\x1f\x7f]")
#: Encodings in which pages are written. Python knows others, such as punycode, that take hours for a page of two
#: megabytes.
CHARSETS = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|utf-16(-[bl]e)?|koi8-r|mac-roman")
NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|[0-9a-f:]*:[0-9a-f:.]*")
REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Networks that lead elsewhere than they say, or that `is_global` does not know in each version of Python: IPv4 in
#: IPv6 (mapped, compatible, translated by NAT64, 6to4, Teredo), its relays, documentation, segment routing.
REFUSED = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",
            "192.88.99.0/24",
            "100.64.0.0/10",
            "::/96",
            "::ffff:0:0/96",
            "::ffff:0:0:0/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "3fff::/20",
            "5f00::/16",
            "fec0::/10",
        ),
    )
)


class NoAnswer(Exception):
    """The call brought nothing that may be used; `code` says why.

    unknown (no such name), down, slow, certificate, expired (the certificate), tls, broken, too_long, redirect (too
    many)
    """

    def __init__(self, code: str, details: str = "") -> None:
        super().__init__(f"{code} {details}".strip())
        self.code = code
        self.details = details


class Refused(NoAnswer):
    """The address is one that the portal does not call: malformed, not https, a port, a password, private."""


@dataclass(frozen=True)
class Tls:
    """What the connection agreed on."""

    version: str
    ends: float
    """When the certificate ends, in seconds since 1970."""


@dataclass(frozen=True)
class Answer:
    """An answer. Names of headers are in lower case; a repeated header keeps each of its values."""

    url: str
    status: int
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)
    tls: Tls | None = None

    def header(self, name: str) -> str:
        return ", ".join(self.all(name))

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def media_type(self) -> str:
        return self.header("content-type").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """Return the body as text, in the declared charset if it is one of pages, else in UTF-8."""
        found = re.search(r"charset=[\"']?([\w.:-]+)", self.header("content-type"), re.I)
        try:
            charset = codecs.lookup(found[1]).name if found else "utf-8"
        except (LookupError, ValueError):
            charset = "utf-8"
        return self.body.decode(charset if CHARSETS.fullmatch(charset) else "utf-8", "replace")


@dataclass(frozen=True)
class _Target:
    url: str
    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS.get(self.scheme) else f"{host}:{self.port}"


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name, by the machine's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def is_public(address: Address) -> bool:
    """Return whether anyone on the internet may reach this address, and it is what it says."""
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local)
        and not address.is_unspecified
        and not any(address in network for network in REFUSED if network.version == address.version)
    )


@dataclass(frozen=True)
class Client:
    """A client with its limits.

    Attributes:
        resolve: gives the addresses of a name; tests replace it.
        authority: a file of certificates to trust instead of those of the web; for tests.
    """

    total_seconds: float = TOTAL_SECONDS
    connect_seconds: float = CONNECT_SECONDS
    max_bytes: int = MAX_BYTES
    resolve: Resolve = resolve
    authority: str = ""

    def get(self, url: str, *, hops: int = 0, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a page, and follow so many redirections, each checked as an address of its own.

        Raises:
            Refused
            NoAnswer
        """
        end = time.monotonic() + self.total_seconds
        for _hop in range(hops + 1):
            answer = self._call("GET", url, b"", headers or {}, end)
            place = answer.header("location")
            if answer.status not in REDIRECTS or not place or not hops:
                return answer
            url = _joined(url, place)
        raise NoAnswer("redirect")

    def post(self, url: str, body: bytes, *, headers: Mapping[str, str]) -> Answer:
        """Send a body. A redirection is an answer like another: nothing is sent again elsewhere.

        Raises:
            Refused
            NoAnswer
        """
        return self._call("POST", url, body, headers, time.monotonic() + self.total_seconds)

    def check(self, url: str) -> tuple[str, ...]:
        """Check that an address may be called, without calling it. Return what its name resolves to.

        Raises:
            Refused
            NoAnswer: its name is unknown.
        """
        return self._target(url, time.monotonic() + self.total_seconds).addresses

    def _call(self, method: str, url: str, body: bytes, headers: Mapping[str, str], end: float) -> Answer:
        target = self._target(url, end)
        problem = NoAnswer("down")
        for address in target.addresses[:ADDRESSES]:
            connection = self._connection(target, address, end)
            try:
                return self._exchange(connection, target, method, body, headers, end)
            except _NotConnected as failed:
                problem = failed.problem
            finally:
                connection.close()
        raise problem

    def _target(self, url: str, end: float) -> _Target:
        """Read an address, resolve its name and check all that it resolves to.

        Raises:
            Refused, NoAnswer
        """
        parts = _split(url)
        host = (parts.hostname or "").rstrip(".")
        if not host.isascii():
            try:
                host = host.encode("idna").decode()
            except UnicodeError:
                raise Refused("malformed") from None
        if not NAME.fullmatch(host):
            raise Refused("malformed")
        if parts.username is not None or parts.password is not None:
            raise Refused("password")
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
        addresses = self._addresses(host, port, end)
        if not all(_opened(address, port) for address in addresses):
            if parts.scheme != "https":
                raise Refused("not_https")
            if not all(map(is_public, addresses)):
                raise Refused("private")
            if port != PORTS["https"]:
                raise Refused("port")
        if parts.scheme not in {"https", "http"}:
            raise Refused("not_https")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return _Target(url, parts.scheme, host, port, _quoted(path), tuple(map(str, addresses)))

    def _addresses(self, host: str, port: int, end: float) -> list[Address]:
        """Resolve a name. A resolver that hangs is left behind, in its thread."""
        found: list[str] = []
        thread = threading.Thread(target=self._resolve_into, args=(found, host, port), daemon=True)
        thread.start()
        thread.join(max(0.0, min(self.connect_seconds, end - time.monotonic())))
        if thread.is_alive():
            raise NoAnswer("slow")
        # A zone names an interface of this machine: fe80::1%eth0.
        addresses = [ip_address(one.partition("%")[0]) for one in found]
        if not addresses:
            raise NoAnswer("unknown")
        return addresses

    def _resolve_into(self, found: list[str], host: str, port: int) -> None:
        try:
            found += self.resolve(host, port)
        except (OSError, UnicodeError):
            return

    def _connection(self, target: _Target, address: str, end: float) -> HTTPConnection:
        timeout = max(0.01, min(self.connect_seconds, end - time.monotonic()))
        if target.scheme == "http":
            return HTTPConnection(address, target.port, timeout=timeout)
        context = ssl.create_default_context(cafile=self.authority or certifi.where())
        return HTTPSConnection(address, target.port, timeout=timeout, ssl_context=context, server_hostname=target.host)

    def _exchange(
        self,
        connection: HTTPConnection,
        target: _Target,
        method: str,
        body: bytes,
        headers: Mapping[str, str],
        end: float,
    ) -> Answer:
        with _faults(end):
            try:
                connection.connect()
            except (HTTPError, OSError) as error:
                if problem := _certificate(error):
                    raise problem from None
                raise _NotConnected(_problem(error, end)) from None
            tls = _tls(connection.sock)
            # The rest of the call is under one deadline, and not each byte of it under one of its own. Connecting
            # may be given less time than answering.
            connection.timeout = max(0.01, end - time.monotonic())
            with _cut_at(connection.sock, end):
                connection.request(
                    method,
                    target.path,
                    body=body or None,
                    headers={
                        "Host": target.authority,
                        "User-Agent": USER_AGENT,
                        "Accept-Encoding": "identity",
                        "Connection": "close",
                        **headers,
                    },
                    preload_content=False,
                    decode_content=False,
                )
                return self._read(connection.getresponse(), target, tls, end)

    def _read(self, response: HTTPResponse, target: _Target, tls: Tls | None, end: float) -> Answer:
        lines = [(name.lower(), value) for name, value in response.headers.items()]
        if sum(len(name) + len(value) for name, value in lines) > MAX_HEAD:
            raise NoAnswer("too_long")
        content = bytearray()
        while piece := response.read(16 * 1024):
            content += piece
            if len(content) > self.max_bytes:
                raise NoAnswer("too_long")
        if time.monotonic() > end:
            raise NoAnswer("slow")
        answer = Answer(target.url, response.status, lines, bytes(content), tls)
        if answer.header("content-encoding").lower() not in {"", "identity"}:
            raise NoAnswer("broken")
        return answer


class _NotConnected(Exception):
    """One address of the name did not let us in. Another may."""

    def __init__(self, problem: NoAnswer) -> None:
        self.problem = problem


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("malformed") from None
    if STRANGE.search(url) or not parts.hostname or port == 0 or len(url) > 2000:
        raise Refused("malformed")
    return parts


def _joined(url: str, place: str) -> str:
    try:
        return urljoin(url, place)
    except ValueError:
        raise Refused("malformed") from None


def _quoted(path: str) -> str:
    return requote_uri(path)


def _opened(address: Address, port: int) -> bool:
    """Return whether the settings open this port of this machine."""
    host = f"[{address}]" if address.version == 6 else str(address)
    return address.is_loopback and f"{host}:{port}" in settings.OUTGOING_ALLOWED


@contextmanager
def _cut_at(sock: Any, end: float) -> Iterator[None]:  # noqa: ANN401 - a socket, or one with TLS
    """Shut the connection down at a moment, so that whoever reads slowly or for ever is left."""
    # Of the plain socket: that of TLS would forget its state while the other thread reads.
    timer = threading.Timer(max(0.0, end - time.monotonic()), _shut, (sock,))
    timer.daemon = True
    timer.start()
    sock.settimeout(max(0.01, end - time.monotonic()))
    try:
        yield
    finally:
        timer.cancel()


def _shut(sock: socket.socket) -> None:
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def _faults(end: float) -> Iterator[None]:
    try:
        yield
    except (HTTPError, OSError, http.client.HTTPException, ValueError) as error:
        raise _problem(error, end) from None


def _problem(error: Exception, end: float) -> NoAnswer:
    if time.monotonic() >= end or isinstance(error, Urllib3TimeoutError | TimeoutError):
        return NoAnswer("slow")
    if isinstance(error, SSLError | ssl.SSLError):
        return NoAnswer("tls")
    if isinstance(error, NameResolutionError):
        return NoAnswer("unknown")
    if isinstance(error, http.client.HTTPException | ValueError):
        return NoAnswer("broken")
    return NoAnswer("down")


def _certificate(error: BaseException) -> NoAnswer | None:
    """Return the problem of a certificate that is not good for the name."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            # 10: its end has passed.
            return NoAnswer("expired" if seen.verify_code == 10 else "certificate", seen.verify_message)
        seen = seen.__cause__ or seen.__context__ or next((a for a in seen.args if isinstance(a, Exception)), None)
    return None


def _tls(sock: Any) -> Tls | None:  # noqa: ANN401 - as above
    if not isinstance(sock, ssl.SSLSocket):
        return None
    certificate: dict[str, Any] = sock.getpeercert() or {}
    return Tls(sock.version() or "", ssl.cert_time_to_seconds(certificate["notAfter"]))
