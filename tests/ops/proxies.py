"""The examples of ops/proxy, on ports of this machine, with a certificate of the test's own."""

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ops.cluster import ROOT
from ops.processes import dies_with_parent
from ops.services import free_port, is_free

HOST = "localhost"
EXAMPLES = ROOT / "ops" / "proxy"
PROGRAMS = {"nginx": shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"), "caddy": shutil.which("caddy")}


@dataclass
class Proxy:
    """A running proxy. `folder` has all that it writes: logs, temporary files, its own state."""

    folder: Path
    clear: int
    secure: int

    def written(self) -> dict[str, bytes]:
        """Return every file that it wrote, by its path within the folder."""
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate that signs itself, for `HOST` and this machine. Return its file and that of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]), datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(IPv4Address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "fullchain.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))
    return public, private


@contextmanager
def running(name: str, folder: Path, pair: tuple[Path, Path], *portals: int) -> Iterator[Proxy]:
    """Run an example before the portals of these ports: only names, ports and folders are replaced in it."""
    proxy = Proxy(folder, free_port(), free_port())
    words = {"nginx": _nginx, "caddy": _caddy}[name](proxy, pair, portals)
    with open(folder / "output.log", "wb") as output:
        process = subprocess.Popen(words, cwd=folder, stdout=output, stderr=output, preexec_fn=dies_with_parent())
    try:
        deadline = time.monotonic() + 20
        while is_free("127.0.0.1", proxy.secure):
            assert process.poll() is None and time.monotonic() < deadline, (folder / "output.log").read_text()
            time.sleep(0.05)
        yield proxy
    finally:
        process.terminate()
        process.wait()


def _nginx(proxy: Proxy, pair: tuple[Path, Path], portals: tuple[int, ...]) -> list[str]:
    text = (EXAMPLES / "nginx.conf").read_text().replace("coffre.ville.example", HOST)
    text = re.sub(r"    listen \[::\].*\n", "", text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{proxy.clear};")
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{proxy.secure} ssl;")
    text = text.replace("/etc/ssl/garant/fullchain.pem", str(pair[0])).replace("/etc/ssl/garant/key.pem", str(pair[1]))
    text = text.replace("/var/log/nginx/", f"{proxy.folder}/").replace("/opt/garant/", f"{ROOT}/")
    text = text.replace("server 127.0.0.1:8000;", " ".join(f"server 127.0.0.1:{port};" for port in portals))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {proxy.folder}/temporary-{kind};\n" for kind in kinds)
    whole = proxy.folder / "whole.conf"
    whole.write_text(
        f"daemon off; worker_processes 1; pid {proxy.folder}/pid; error_log {proxy.folder}/error.log crit;\n"
        f"events {{ worker_connections 64; }}\nhttp {{\n{temporary}{text}\n}}\n"
    )
    return [str(PROGRAMS["nginx"]), "-c", str(whole), "-p", str(proxy.folder)]


def _caddy(proxy: Proxy, pair: tuple[Path, Path], portals: tuple[int, ...]) -> list[str]:
    text = (EXAMPLES / "Caddyfile").read_text()
    text = text.replace("\n{\n", f"\n{{\n\tadmin off\n\thttp_port {proxy.clear}\n\thttps_port {proxy.secure}\n", 1)
    text = text.replace("coffre.ville.example {", f"{HOST} {{\n\tbind 127.0.0.1\n\ttls {pair[0]} {pair[1]}", 1)
    text = text.replace("/var/log/caddy/", f"{proxy.folder}/").replace("/opt/garant/", f"{ROOT}/")
    text = text.replace("reverse_proxy 127.0.0.1:8000", f"reverse_proxy {' '.join(f'127.0.0.1:{p}' for p in portals)}")
    whole = proxy.folder / "Caddyfile"
    whole.write_text(text)
    home = [f"{name}={proxy.folder}/{name}" for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "TMPDIR")]
    return ["env", *home, str(PROGRAMS["caddy"]), "run", "--config", str(whole), "--adapter", "caddyfile"]
