"""The demonstration: a fictional city, sign-in as one of its residents, e-mails written to a folder."""

from config import environment
from config.settings.base import *
from demo.holders import reach

INSTALLED_APPS = [*INSTALLED_APPS, "demo"]
SECRET_KEY = SECRET_KEY or environment.made_secret()
DEMO_PUBLIC = environment.flag("DEMO_PUBLIC")
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = VAR / "mail"
SMS_PROVIDER = SMS_PROVIDER or "core.messages.sms.Files"
TRUST_TEST_AUTHORITY = True
TEST_AUTHORITIES = [ROOT / "platform" / "demo" / "papers" / "authority"]
MAKE_KEYRING = True
MAKE_SEAL_KEY = True
MAKE_CHECKPOINT_KEY = True
MAKE_RECEIPT_KEY = True
# A demonstration asks no public register about its invented companies.
COMPANIES_URL = environment.text("COMPANIES_URL")
RDAP_URL = environment.text("RDAP_URL")
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]
# Services of the demonstration and the tests run on this machine, without a certificate.
OAUTH2_PROVIDER = {
    **OAUTH2_PROVIDER,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"],
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": False,
}
# URL of a service of the demonstration (demo/services), set by the launcher. Empty if it is not running.
PAR4CHEMINS_URL = environment.text("PAR4CHEMINS_URL").rstrip("/")
# URL of the demonstration's holders (demo/holders), set by the launcher. Empty if they are not running.
HOLDERS_URL = environment.text("HOLDERS_URL").rstrip("/")
if HOLDERS_URL:
    # The public credentials that demo/holders/openid.py expects.
    SOCIALACCOUNT_PROVIDERS = {
        name: environment.openid_provider(
            name, f"{HOLDERS_URL}/{name}", "garant-demonstration", "secret-de-demonstration"
        )
        for name in ("franceconnect", "proconnect")
    }
    CONNECTORS = {**CONNECTORS, **reach.connectors(HOLDERS_URL)}
