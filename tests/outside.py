"""Sites outside the portal, on this machine: what publishers own, and what somebody hostile could put there."""

import contextlib
import datetime
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.outgoing import Client

Headers = Sequence[tuple[str, str]]
Send = Callable[[bytes], object]
Writer = Callable[[Send], object]


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Page:
    body: bytes | str = ""
    status: int = 200
    headers: Headers = (("Content-Type", "text/html; charset=utf-8"),)
    #: Writes the body itself, piece by piece, for as long as it wants.
    writes: Writer | None = None
    #: Writes everything, from the first line on.
    raw: Writer | None = None


def redirect(place: str, status: int = 302) -> Page:
    return Page(status=status, headers=[("Location", place)])


def dripping(piece: bytes = b"x", every: float = 0.05, seconds: float = 20) -> Writer:
    """Return a writer that sends a byte from time to time, so that no read ever times out."""

    def write(send: Send) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            send(piece)
            time.sleep(every)

    return write


def endless(send: Send) -> None:
    while True:
        send(b"x" * 65536)


@dataclass
class Outside:
    """A running site. `pages` are found by path; `received` are the requests, in order."""

    port: int
    scheme: str
    pages: dict[str, Page] = field(default_factory=dict)
    received: list[Received] = field(default_factory=list)
    authority: str = ""

    @property
    def allowed(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str = "/", host: str = "service.example") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def client(self, **more) -> Client:
        """Return a client for which every name is this machine."""
        given = {"resolve": lambda host, port: ["127.0.0.1"], "authority": self.authority, **more}
        return Client(**given)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address) -> None:
        """Say nothing of a client that left, or that refused our certificate."""


@contextlib.contextmanager
def running(certificate: "Certificate | None" = None, *, old: bool = False) -> Iterator[Outside]:
    """Serve a site, over TLS with a certificate; with `old`, over TLS 1.1 at most."""
    site = Outside(0, "https" if certificate else "http")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            heads = {name.lower(): value for name, value in self.headers.items()}
            site.received.append(Received(self.command, self.path, heads, self.rfile.read(length)))
            page = site.pages.get(self.path) or site.pages.get("*") or Page("?", 404)
            self.close_connection = True
            with contextlib.suppress(OSError):
                if page.raw:
                    page.raw(self.wfile.write)
                    return
                body = page.body.encode() if isinstance(page.body, str) else page.body
                self.send_response(page.status)
                for name, value in page.headers:
                    self.send_header(name, value)
                if not page.writes:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if page.writes:
                    page.writes(self.wfile.write)
                else:
                    self.wfile.write(body)

        do_GET = do_POST = answer

        def log_message(self, *args) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    site.port = server.server_address[1]
    if certificate:
        context = _context(certificate, old=old)
        # The handshake is the handler thread's, so that a client that hangs holds nobody else.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        site.authority = certificate.authority
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()


def _context(certificate: "Certificate", *, old: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        # Otherwise OpenSSL itself would refuse to serve it.
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(certificate.file)
    return context


@dataclass(frozen=True)
class Certificate:
    file: str
    authority: str


class Authority:
    """An authority of this machine's tests, and the certificates that it signs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._made(self.name, self.key.public_key(), None, days=30, ca=True))

    def certificate(self, *names: str, days: int = 30, from_days: int = -1) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        signed = self._made(subject, key.public_key(), names, days=days, from_days=from_days)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = self.folder / f"{len(list(self.folder.iterdir()))}.pem"
        file.write_bytes(private + signed)
        return Certificate(str(file), str(self.file))

    def _made(self, subject, public, names, *, days: int, from_days: int = -1, ca: bool = False) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=from_days))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            # Python 3.13 refuses a certificate that does not name the keys of its chain, and what they serve.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .add_extension(_usage(ca), critical=True)
        )
        if names:
            alternatives = [_general(name) for name in names]
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _usage(ca: bool) -> x509.KeyUsage:
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    never = dict.fromkeys((*others, "encipher_only", "decipher_only"), False)
    return x509.KeyUsage(digital_signature=not ca, key_cert_sign=ca, crl_sign=ca, **never)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
