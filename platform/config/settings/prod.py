"""Production. config/checks.py refuses to start on unsafe combinations."""

from config import environment
from config.settings.base import *

environment.require(
    {
        "DATABASE_URL": "postgresql://… as the role web",
        "KEYRING": "the file that holds the keyring, on another backup than the database,"
        " or the address of a key service (docs/keys.md)",
        "ALLOWED_HOSTS": "the portal's host names, separated by commas",
    }
)

PRODUCTION = True

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# Read on the loopback, without TLS; core/operations/metrics.py refuses the others.
SECURE_REDIRECT_EXEMPT = [r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-garant_session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-garant_csrf"
DEVICE_COOKIE_SECURE = True
DEVICE_COOKIE_NAME = "__Host-garant_device"
LANGUAGE_COOKIE_SECURE = True
LANGUAGE_COOKIE_NAME = "__Host-garant_language"
# W021 asks for HSTS preload, which binds the whole domain for years: the city must decide it.
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "security.W021"]
