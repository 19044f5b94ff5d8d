"""Settings shared by all environments. Values that a city may change come from config.environment."""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from config import environment
from config.schedule import SCHEDULE

environment.keep_loopback_direct()
ROOT: Path = environment.ROOT
VAR: Path = environment.VAR

SECRET_KEY = environment.text("SECRET_KEY")
DEBUG = False
PRODUCTION = False
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.words("TRUSTED_ORIGINS")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "config.apps.ConfigConfig",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "core",
    "accounts",
    "vault.records",
    "vault.holders",
    "vault.journal",
    "vault.sharing",
    "services.places",
    "services.aids",
    "services.official_forms",
    "services.procedures",
    "services.dossiers",
    "services.requests",
    "services.watch",
    "certification.labels",
    "guardian",
    "oauth2_provider",
    "certification.access",
    "certification.developers",
    "campaigns.plans",
    "campaigns.contributions",
    "campaigns.results",
    "campaigns.debates",
    "campaigns.panel",
]

MIDDLEWARE = [
    "core.web.middleware.RequestIdMiddleware",
    "certification.developers.middleware.CallsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.web.middleware.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.web.middleware.HeadersMiddleware",
    "core.web.middleware.RefusedFormMiddleware",
    "core.web.admin_host.AdminHostMiddleware",
    "accounts.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "core.web.unstorable.UnstorableMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SecondFactorMiddleware",
    "accounts.middleware.ResidentScopeMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.web.faults.FaultsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.pages.context.page",
            ]
        },
    }
]
FORM_RENDERER = "core.pages.forms.CivicRenderer"
# An address typed without a scheme is an https one. Django 6 has no other way: leave the line out then.
FORMS_URLFIELD_ASSUME_HTTPS = True

# One role runs the portal, another one, the owner of the tables, migrates (ops/cluster.py makes both).
WEB_ROLE = environment.text("WEB_ROLE", "web")
DATABASE_URL = environment.database_url()
DATABASES: dict[str, dict[str, Any]] = {"default": environment.database(DATABASE_URL or environment.embedded("web"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": environment.cache(environment.text("CACHE_URL", "database"))}
STORAGES = {
    "default": {"BACKEND": "core.files.storage.RefusedStorage"},
    "sealed": environment.storage(environment.text("STORAGE_URL", (VAR / "files").as_uri())),
    # Copies of the journal's checkpoints, which hold no personal data: best on another machine.
    "checkpoints": environment.storage(environment.text("CHECKPOINTS_URL", (VAR / "checkpoints").as_uri())),
    # The ledger of closed vaults, replayed by a restore: ids and times, best on another machine too.
    "erasures": environment.storage(environment.text("ERASURES_URL", (VAR / "erasures").as_uri())),
    # Files of published results, made once: public, and made again from the publication if they are lost.
    "publications": environment.storage(environment.text("PUBLICATIONS_URL", (VAR / "publications").as_uri())),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# A file, transit+https://… (OpenBao, Vault) or kms://… (AWS). If several, separated by spaces, the first one wraps.
KEYRING = environment.text("KEYRING", (VAR / "keyring.json").as_uri())
# URL of clamd. If empty, papers are not scanned.
CLAMD_URL = environment.antivirus(environment.text("CLAMD_URL"))
# Made at the first start of a demonstration or test; in production once, by `manage.py make_keyring`.
MAKE_KEYRING = False
# Ed25519 key (PEM) that signs the journal's checkpoints. Made like the keyring, or by `manage.py make_checkpoint_key`.
CHECKPOINT_KEY = Path(environment.text("CHECKPOINT_KEY", str(VAR / "checkpoints.pem")))
MAKE_CHECKPOINT_KEY = False
# Authenticated with every wrapped key: one city's key cannot be unwrapped in another's database. Never change it.
TENANT = environment.text("TENANT", "garant")

# The seal that signs dossiers: a PKCS#12 file and its passphrase. A demonstration or a test makes it when needed.
SEAL_KEY = Path(environment.text("SEAL_KEY", str(VAR / "seal.p12")))
SEAL_PASSPHRASE = environment.text("SEAL_PASSPHRASE")
MAKE_SEAL_KEY = False
# The keys that sign receipts of consent: a JWK set, made by `manage.py make_receipt_key`, or as the seal.
RECEIPT_KEYS = Path(environment.text("RECEIPT_KEYS", str(VAR / "receipt-keys.json")))
MAKE_RECEIPT_KEY = False
# The portal's public URL, without a final slash. Dossiers carry it, for the agency that verifies them.
SITE_URL = environment.text("SITE_URL", "http://localhost:8000").rstrip("/")

# The holders' APIs that the city may call (vault/holders/connectors); docs/operations.md lists their variables.
CONNECTORS = environment.connectors()
# Ports of this machine that core/outgoing.py may call, as 127.0.0.1:8100: for the demonstration and the tests only.
OUTGOING_ALLOWED = environment.words("OUTGOING_ALLOWED")
# Public registers that the charter's checks ask (certification/labels/checks): companies, and addresses by RDAP.
COMPANIES_URL = environment.text("COMPANIES_URL", "https://recherche-entreprises.api.gouv.fr").rstrip("/")
RDAP_URL = environment.text("RDAP_URL", "https://rdap.db.ripe.net").rstrip("/")
# A Chromium and a copy of axe.min.js, beside the workers: without them, pages are left to agents.
CHROMIUM = environment.text("CHROMIUM")
AXE_SCRIPT = environment.text("AXE_SCRIPT")

# Services that read under a resident's grant (certification/access): an OAuth 2 and OpenID server, all on our models.
OAUTH2_PROVIDER_APPLICATION_MODEL = "access.Client"
OAUTH2_PROVIDER_GRANT_MODEL = "access.AuthorizationCode"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "access.AccessToken"  # noqa: S105 - the name of a model
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "access.RefreshToken"  # noqa: S105 - as above
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "access.IDToken"  # noqa: S105 - as above
OAUTH2_PROVIDER: dict[str, Any] = {
    "OAUTH2_VALIDATOR_CLASS": "certification.access.validator.Validator",
    "SCOPES": {
        "openid": "Know the same resident again",
        "vault": "Read what the resident granted",
        "lots": "Send what a holder knows of residents who accepted",
    },
    "DEFAULT_SCOPES": ["vault"],
    "OIDC_ENABLED": True,
    # Explicit: otherwise the issuer would follow the request's Host header.
    "OIDC_ISS_ENDPOINT": SITE_URL,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 600,
    "ID_TOKEN_EXPIRE_SECONDS": 300,
    # Since the last use; and never after the grant's end, which each use checks.
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 86_400,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": True,
    "CLIENT_SECRET_HASHER": "client_sha256",
    "REQUEST_APPROVAL_PROMPT": "force",
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https"],
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}

# Calls of the API that one service may make in a minute.
API_CALLS_A_MINUTE = environment.number("API_CALLS_A_MINUTE", 1_200)
# From one network, at the addresses that check a program's secret.
TOKEN_CALLS_A_MINUTE = environment.number("TOKEN_CALLS_A_MINUTE", 600)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["certification.access.parsers.StorableJSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "rest_framework.negotiation.DefaultContentNegotiation",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "certification.access.problems.answer",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Garant",
    "DESCRIPTION": "Read what a resident granted to a service, until they stop it.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "LICENSE": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
    "SERVERS": [
        {"url": SITE_URL, "description": "The portal: real residents, under the service's label"},
        {"url": f"{SITE_URL}/bac-a-sable", "description": "The sandbox: invented people; without holders' addresses"},
    ],
    # Each list of values stands where it is used: the package would name them by guesses.
    "POSTPROCESSING_HOOKS": ["certification.access.views.schemas.finish"],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "OAUTH2_FLOWS": ["authorizationCode"],
    "OAUTH2_AUTHORIZATION_URL": f"{SITE_URL}/oauth/authorize",
    "OAUTH2_TOKEN_URL": f"{SITE_URL}/oauth/token",
    "OAUTH2_REFRESH_URL": f"{SITE_URL}/oauth/token",
    "OAUTH2_SCOPES": OAUTH2_PROVIDER["SCOPES"],
}

# Accounts
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.sign_in.backends.AuthenticationBackend"]
# django-guardian gives permission rows their shape, and nothing else: no visitor has an account, accounts and groups
# get no methods, and no backend of its own answers (docs/decisions/0058-object-permissions.md).
ANONYMOUS_USER_NAME = None
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
GUARDIAN_MONKEY_PATCH_USER = GUARDIAN_MONKEY_PATCH_GROUP = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
# Users sign in by e-mail, with a code or a password. allauth's sign-up is closed: accounts.views.sign_in opens vaults.
ACCOUNT_ADAPTER = "accounts.sign_in.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = False
# Other limits are allauth's: 30 sign-ins a minute per IP address, 5 wrong passwords in 5 minutes per account.
ACCOUNT_RATE_LIMITS = {
    # Codes by e-mail: by the e-mail address; by it and the network; by it and a browser that signed in by it before.
    "send_code": "20/m/ip,3/m/key,15/h/key",
    # The address's own limit of a minute is also that of each network.
    "send_code_network": "6/h/key",
    "send_code_known": "20/m/ip,3/m/key,15/h/key",
    "check_code": "30/m/ip",
    "send_sms": "10/h/ip,3/h/key",
    "open_vault": "20/m/ip",
    "verify_dossier": "60/m/ip",
    # Each file is seconds of processor time.
    "watermark": "6/m/ip,60/h/ip",
    "form_pages": "20/m/user,200/h/user",
    "sign_in_elsewhere": "60/m/ip",
    "household_invite": "20/h/user",
    "household_mail": "3/d/key",
    "household_join": "10/h/user,60/h/ip",
    "access_ask": "20/d/user",
    "access_ask_same": "3/d/key",
    "help_ask": "10/d/user",
    "appointment_make": "20/h/user",
    "emergency_ask": "5/d/user",
    "sheet_code": "20/m/ip,60/h/ip",
    "desk_open": "60/d/user",
    "desk_code": "30/h/user,120/h/ip",
    "appointment_code": "10/h/user,60/h/ip",
    # “Faire le point”: the desk of a town hall shares one address, a robot does not stop by itself.
    "interview_begin": "60/m/ip,600/h/ip",
    "interview_run": "40/m/ip,800/h/ip",
    "interview_estimate": "200/m/ip,4000/h/ip",
}
ACCOUNT_FORMS = {"login": "accounts.forms.PasswordSignInForm"}
MFA_ADAPTER = "accounts.sign_in.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# A passkey always verifies its user (finger, face or PIN).
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
# A clock one step off is accepted; accounts.forms refuses a code used before, for as long as it would be valid.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorForm",
    "reauthenticate": "accounts.forms.SecondFactorAgainForm",
    "activate_totp": "accounts.forms.SetUpSecondFactorForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "authenticate_webauthn": "accounts.forms.GivePasskeyForm",
    "edit_webauthn": "accounts.forms.RenamePasskeyForm",
    "login_webauthn": "accounts.forms.ComeInWithPasskeyForm",
    "reauthenticate_webauthn": "accounts.forms.GivePasskeyAgainForm",
}
# FranceConnect and ProConnect (accounts/provider.py), from the environment only; allauth's table is ignored.
SOCIALACCOUNT_ADAPTER = "accounts.sign_in.adapters.IdentityAdapter"
SOCIALACCOUNT_PROVIDERS = environment.openid_providers()
# Seconds before a slow provider counts as down.
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
# Number of our proxies before the application: the client's IP address is read that far from the right of
# X-Forwarded-For.
ALLAUTH_TRUSTED_PROXY_COUNT = environment.number("TRUSTED_PROXIES", 0)
# An agent's rights in the admin. Agents who manage agents have all rights.
AGENT_PERMISSIONS = {
    "accounts.view_factorreset",
    "accounts.add_factorreset",
    "core.view_city",
    "core.change_city",
    "core.view_legalpage",
    "core.view_helppage",
    "core.add_helppage",
    "core.change_helppage",
    "core.view_job",
    "records.view_paperkind",
    "records.add_paperkind",
    "records.change_paperkind",
    "records.view_holder",
    "records.add_holder",
    "records.change_holder",
    "holders.view_connectorhealth",
    "labels.view_charterversion",
    "labels.view_signature",
    "labels.view_holdercontact",
    "places.view_place",
    "places.add_place",
    "places.change_place",
}
# The first hashes passwords of people. The last knows the secrets of services' programs only.
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "certification.access.hashers.ClientSecretHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
]
SESSION_ENGINE = "accounts.sign_in.sessions"
# Messages are kept in the sealed session: Django's default writes them, readable, into a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# The cookie ends with the browser; accounts.models.Lifetime ends the session.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "garant_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "core.views.csrf_failure"
# Cookie of a visitor who has a link and its code (vault/sharing/views/visit.py).
VISIT_COOKIE_NAME = "garant_visit"
# Cookie of a browser in which somebody signed in by a code (accounts/known_devices.py).
DEVICE_COOKIE_NAME = "garant_device"
DEVICE_COOKIE_SECURE = False
LANGUAGE_COOKIE_NAME = "garant_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_HTTPONLY = True

# French msgids, a complete English catalogue, and a small French one for plurals.
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français"), ("en", "English")]
LOCALE_PATHS = [ROOT / "locale", ROOT / "locale" / "validators"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Europe/Paris"

STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = VAR / "static"

# Security
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# Mail
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = environment.text("EMAIL_HOST", "localhost")
EMAIL_PORT = environment.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = environment.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = environment.text("EMAIL_PASSWORD")
EMAIL_USE_TLS = environment.flag("EMAIL_TLS")
EMAIL_USE_SSL = environment.flag("EMAIL_SSL")
# Seconds for each answer of the mail server. Who waits for the message waits less (core/messages/mails.py).
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = environment.text("EMAIL_FROM", "ne-pas-repondre@localhost")

# Class with a method `send` (core/messages/sms.py). If empty, no page offers text messages.
SMS_PROVIDER = environment.text("SMS_PROVIDER")

# Without a broker URL, files under var/ carry the messages (config/celery.py makes the folders).
BROKER_URL = environment.text("BROKER_URL")
BROKER_FOLDER = VAR / "broker"
CELERY_BROKER_URL = BROKER_URL or "filesystem://"
CELERY_BROKER_TRANSPORT_OPTIONS = environment.broker_options(BROKER_URL, BROKER_FOLDER)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# Whoever writes to the broker sends JSON, which runs nothing.
CELERY_ACCEPT_CONTENT = CELERY_RESULT_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = CELERY_EVENT_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Remote control needs broadcasts, which files cannot carry; nothing here uses it.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TIMEZONE = "Europe/Paris"
# In memory: the default keeps what it sent when in a shelve, a file of pickles. After a start, hourly tasks wait an
# hour.
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"
CELERY_BEAT_SCHEDULE = SCHEDULE

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "core.telemetry.logs.JsonFormatter"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "json", "stream": environment.log_stream()}},
    "root": {"handlers": ["out"], "level": "INFO"},
    # Django's own handlers would e-mail errors with their values to the administrators.
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # WeasyPrint logs each step of each PDF.
        "weasyprint": {"level": "ERROR"},
        "pikepdf": {"level": "WARNING"},
    },
}

# Who may read /metrics from another machine than this one. Empty: this machine only.
METRICS_TOKEN = environment.token("METRICS_TOKEN")
# The harmless site that “Quitter vite” shows.
EXIT_URL = environment.text("EXIT_URL", "https://meteofrance.com/")
# The public 2D-Doc test authority FR00 signs specimens: only the demonstration and the tests may trust it.
TRUST_TEST_AUTHORITY = False
# Folders of more test certificates (`CA.der`, `CA_CERT.der`), used only with TRUST_TEST_AUTHORITY.
TEST_AUTHORITIES: list[Path] = []
# Folders of certificates (PEM or DER) of the authorities whose signatures of PDF files are trusted.
SIGNATURE_AUTHORITIES = [Path(folder) for folder in environment.words("SIGNATURE_AUTHORITIES")]
SIMULATE = environment.flag("SIMULATE")
# True if anybody may reach a demonstration, which then says so on every page.
DEMO_PUBLIC = False
# If set, /admin/ answers 404 on any other host.
ADMIN_HOST = environment.text("ADMIN_HOST")
