"""The one place where environment variables are read; docs/operations.md documents each of them.

A value that cannot be understood stops the start with a sentence that says what to set.
"""

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("GARANT_VAR", ROOT / "var"))


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def require(meanings: dict[str, str]) -> None:
    """
    Raises:
        ImproperlyConfigured: it lists every variable that is missing, with what to set it to.
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
    if value and not value.isdigit():
        raise ImproperlyConfigured(f"{name} is “{value}”: set it to a whole number.")
    return int(value) if value else default


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def embedded(role: str) -> str:
    """The address of the project's own PostgreSQL (ops/cluster.py), which says in this file where it listens while it runs."""
    file = VAR / "postgres" / "socket"
    return f"postgresql://{role}@/garant?host={file.read_text() if file.exists() else file.parent / 'run'}"


def migrating() -> bool:
    """Commands of who keeps the database, not of the portal: they change tables, or wrapped keys, or copy all of them."""
    return sys.argv[1:2] in (["migrate"], ["backup"], ["restore"], ["purge"]) or sys.argv[1:3] == ["keys", "rewrap"]


def database_url() -> str:
    """Those connect as the role that owns the tables, everything else as the one that may not rewrite the journal."""
    if migrating() and (owner := text("MIGRATION_DATABASE_URL")):
        return owner
    return text("DATABASE_URL")


def database(url: str) -> dict[str, Any]:
    """A `postgresql://user:password@host:port/name` address as Django reads it; `?host=/folder` names a socket folder."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"DATABASE_URL starts with “{parts.scheme}”: only postgresql:// is supported.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
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
    """How Celery's transport behaves. A broker that is down costs a request 2 s at most.

    RabbitMQ says that it has each message; a Redis message comes back after an hour, longer than any job lasts.
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


#: The options of django-storages' S3Storage that are words. A settings module of the city's own may give all of them.
S3_OPTIONS = {"addressing_style", "endpoint_url", "region_name", "session_profile", "signature_version", "verify"}


def storage(url: str) -> dict[str, Any]:
    """Return an entry of STORAGES for `file:///folder`, or for `s3://bucket/location?region_name=…&endpoint_url=https://…`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if parts.scheme == "s3" and parts.hostname and options.keys() <= S3_OPTIONS:
        return {
            "BACKEND": "core.files.s3.RangeS3Storage",
            "OPTIONS": {"bucket_name": parts.hostname, "location": unquote(parts.path).strip("/"), **options},
        }
    if parts.scheme != "file" or not parts.path:
        raise ImproperlyConfigured(
            f"STORAGE_URL, CHECKPOINTS_URL or ERASURES_URL is “{url}”: set it to file:///an/absolute/folder, or to"
            f" s3://bucket/location?region_name=…. After “?” it may give {', '.join(sorted(S3_OPTIONS))}."
        )
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": unquote(parts.path)}}


def cache(url: str) -> dict[str, Any]:
    """Counters shared by all processes: the database by default, or redis://."""
    if url == "database":
        # Above MAX_ENTRIES Django throws away a third of the rows at random: a counter lost is a limit lifted.
        return {
            "BACKEND": "django.core.cache.backends.db.DatabaseCache",
            "LOCATION": "core_cache",
            "OPTIONS": {"MAX_ENTRIES": 200_000},
        }
    if url.startswith(("redis://", "rediss://", "unix://")):
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}
    raise ImproperlyConfigured(
        f"CACHE_URL is “{url}”: leave it empty (the database) or set it to redis://host:port/0."
    )


def openid_providers() -> dict[str, dict[str, Any]]:
    """FranceConnect and ProConnect as allauth reads them; one without its variables is not there, and neither is its button.

    Raises:
        ImproperlyConfigured: half of one is set.
    """
    told = {
        "franceconnect": (
            text("FRANCECONNECT_ISSUER"),
            text("FRANCECONNECT_CLIENT_ID"),
            text("FRANCECONNECT_CLIENT_SECRET"),
        ),
        "proconnect": (text("PROCONNECT_ISSUER"), text("PROCONNECT_CLIENT_ID"), text("PROCONNECT_CLIENT_SECRET")),
    }
    return {name: openid_provider(name, *values) for name, values in told.items() if any(values)}


def openid_provider(name: str, issuer: str, client_id: str, secret: str) -> dict[str, Any]:
    if not (issuer and client_id and secret):
        words = ", ".join(f"{name.upper()}_{word}" for word in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"))
        raise ImproperlyConfigured(f"Set {words} together, or none of them.")
    return {"APPS": [{"client_id": client_id, "secret": secret, "settings": {"issuer": issuer}}]}


CONNECTOR = "CONNECTOR_"


def connectors() -> dict[str, dict[str, str]]:
    """What is set for each API, `CONNECTOR_<CODE>_<NAME>`, as code -> name -> value. An API without any is off."""
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
    """clamd's own address: `tcp://host:3310` or `unix:///run/clamav/clamd.ctl`. Empty: none."""
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
