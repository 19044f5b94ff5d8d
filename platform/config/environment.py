"""The only module that reads environment variables, which docs/operations.md documents.

An invalid value stops the start with a message that says what to set.
"""

import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("GARANT_VAR", ROOT / "var"))
TOKEN_LENGTH = 32


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def require(meanings: dict[str, str]) -> None:
    """Require these variables, given with their meanings.

    Raises:
        ImproperlyConfigured: lists every missing variable and its meaning.
    """
    missing = [f"  {name}: {meaning}" for name, meaning in meanings.items() if not text(name)]
    if missing:
        raise ImproperlyConfigured("Set these environment variables (docs/operations.md):\n" + "\n".join(missing))


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value not in {"", "0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name} is “{value}”: set it to 1 or 0.")
    return default if value == "" else value in {"1", "true", "yes"}


def number(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip()
    if value and not value.isdecimal():
        raise ImproperlyConfigured(f"{name} is “{value}”: set it to a whole number.")
    return int(value) if value else default


def token(name: str) -> str:
    """Return a secret that programs send; empty: there is none."""
    value = text(name).strip()
    if value and len(value) < TOKEN_LENGTH:
        raise ImproperlyConfigured(f"{name} is too short: set it to {TOKEN_LENGTH} random characters, or to nothing.")
    return value


def keep_loopback_direct() -> None:
    """Tell every library that a proxy of the environment is not for this machine's own addresses."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY", "")
    direct = ",".join([*filter(None, named.split(",")), "localhost", "127.0.0.1", "::1"])
    os.environ.update({"no_proxy": direct, "NO_PROXY": direct})


def made_secret() -> str:
    """Return a random SECRET_KEY for this start: processes that this one starts read the same."""
    os.environ["SECRET_KEY"] = secrets.token_urlsafe(64)
    return os.environ["SECRET_KEY"]


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def embedded(role: str) -> str:
    """Return the URL of the embedded PostgreSQL (ops/cluster.py), which writes its socket's folder to a file."""
    file = VAR / "postgres" / "socket"
    folder = file.read_text() if file.exists() else str(file.parent / "run")
    return f"postgresql://{role}@/garant?host={quote(folder)}"


def migrating() -> bool:
    """Return True for commands that need the owner of the tables: migrate, backup, restore, purge, keys rewrap, rows
    sign.
    """
    one = sys.argv[1:2] in (["migrate"], ["backup"], ["restore"], ["purge"])
    return one or sys.argv[1:3] in (["keys", "rewrap"], ["rows", "sign"])


def log_stream() -> str:
    """Return where the logs go: a server's to its standard output, a command's beside what it prints there."""
    program = Path(sys.argv[0])
    serves = program.name in ("serve.py", "work.py", "celery", "keeper.py") or program.parent.name == "celery"
    return "ext://sys.stdout" if serves else "ext://sys.stderr"


def database_url() -> str:
    """Return the owner's URL for the commands of `migrating`, else the URL of the running role.

    The running role may not rewrite the journal.
    """
    if migrating() and (owner := text("MIGRATION_DATABASE_URL")):
        return owner
    return text("DATABASE_URL")


def database(url: str) -> dict[str, Any]:
    """Return Django's settings for `postgresql://user:password@host:port/name`.

    `?host=/folder` names a folder of sockets.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"DATABASE_URL starts with “{parts.scheme}”: only postgresql:// is supported.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "core.database.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or options.pop("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": options,
    }


def broker_options(url: str, folder: Path) -> dict[str, Any]:
    """Return the options of Celery's transport. A broker that is down delays a request by 2 s at most.

    RabbitMQ confirms each message. Redis delivers a message again after an hour, which is longer than any job.
    """
    scheme = urlsplit(url).scheme
    if scheme == "":
        messages = str(folder / "messages")
        return {
            "data_folder_in": messages,
            "data_folder_out": messages,
            "control_folder": str(folder / "control"),
            "polling_interval": 0.2,
        }
    if scheme in {"redis", "rediss"}:
        return {"visibility_timeout": 3600, "socket_connect_timeout": 2, "socket_keepalive": True}
    if scheme in {"amqp", "amqps"}:
        return {"confirm_publish": True}
    raise ImproperlyConfigured(
        f"BROKER_URL starts with “{scheme}”: set it to redis://, rediss://, amqp:// or amqps://, or leave it empty."
    )


#: Text options of django-storages' S3Storage. A city's own settings module may set all of them.
S3_OPTIONS = {"addressing_style", "endpoint_url", "region_name", "session_profile", "signature_version", "verify"}


def storage(url: str) -> dict[str, Any]:
    """Return an entry of STORAGES for `file:///folder`, or for
    `s3://bucket/location?region_name=…&endpoint_url=https://…`.
    """
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme == "s3" and parts.hostname and options.keys() <= S3_OPTIONS:
        return {
            "BACKEND": "core.files.s3.RangeS3Storage",
            "OPTIONS": {"bucket_name": parts.hostname, "location": unquote(parts.path).strip("/"), **options},
        }
    if parts.scheme != "file" or not parts.path:
        raise ImproperlyConfigured(
            f"STORAGE_URL, CHECKPOINTS_URL, ERASURES_URL or PUBLICATIONS_URL is “{url}”: set it to"
            " file:///an/absolute/folder, or to"
            f" s3://bucket/location?region_name=…. After “?” it may give {', '.join(sorted(S3_OPTIONS))}."
        )
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": unquote(parts.path)}}


#: The only cache of production: Django's own keep pickles, which run code.
CACHE = "core.database.cache.Cache"


def cache(url: str) -> dict[str, Any]:
    """Return the cache of the counters shared by all processes: the database by default, or redis://."""
    if url == "database" or url.startswith(("redis://", "rediss://", "unix://")):
        return {"BACKEND": CACHE, "LOCATION": url}
    raise ImproperlyConfigured(
        f"CACHE_URL is “{url}”: leave it empty (the database) or set it to redis://host:port/0."
    )


def openid_providers() -> dict[str, dict[str, Any]]:
    """Return the settings of FranceConnect and ProConnect.

    Without its variables a provider and its button are left out.

    Raises:
        ImproperlyConfigured: only some variables of a provider are set.
    """
    credentials = {
        "franceconnect": (
            text("FRANCECONNECT_ISSUER"),
            text("FRANCECONNECT_CLIENT_ID"),
            text("FRANCECONNECT_CLIENT_SECRET"),
        ),
        "proconnect": (text("PROCONNECT_ISSUER"), text("PROCONNECT_CLIENT_ID"), text("PROCONNECT_CLIENT_SECRET")),
    }
    return {name: openid_provider(name, *values) for name, values in credentials.items() if any(values)}


def openid_provider(name: str, issuer: str, client_id: str, secret: str) -> dict[str, Any]:
    if not (issuer and client_id and secret):
        words = ", ".join(f"{name.upper()}_{word}" for word in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"))
        raise ImproperlyConfigured(f"Set {words} together, or none of them.")
    return {"APPS": [{"client_id": client_id, "secret": secret, "settings": {"issuer": issuer}}]}


CONNECTOR = "CONNECTOR_"


def connectors() -> dict[str, dict[str, str]]:
    """Return the settings of each API, `CONNECTOR_<CODE>_<NAME>`, as code -> name -> value.

    An API without any is off.
    """
    codes = sorted(
        (folder.parent.name for folder in (ROOT / "vault" / "holders" / "connectors").glob("*/connector.py")),
        key=len,
        reverse=True,
    )
    found: dict[str, dict[str, str]] = {}
    for variable, value in os.environ.items():
        name = variable.removeprefix(CONNECTOR).lower()
        code = next((code for code in codes if name.startswith(f"{code}_")), "")
        if variable.startswith(CONNECTOR) and code and value.strip():
            found.setdefault(code, {})[name.removeprefix(f"{code}_")] = value.strip()
    return found


def antivirus(url: str) -> str:
    """Return clamd's URL, `tcp://host:3310` or `unix:///run/clamav/clamd.ctl`, or an empty string for no antivirus."""
    parts = urlsplit(url)
    if (
        url
        and not (parts.scheme == "tcp" and parts.hostname)
        and not (parts.scheme == "unix" and parts.path.startswith("/"))
    ):
        raise ImproperlyConfigured(
            f"CLAMD_URL is “{url}”: set it to tcp://host:3310 or unix:///the/socket, or leave it empty."
        )
    return url
