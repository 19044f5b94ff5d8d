from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def seal_key_present(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report a missing seal key at start instead of failing on the first dossier."""
    if settings.MAKE_SEAL_KEY or settings.SEAL_KEY.is_file():
        return []
    hint = (
        "Set SEAL_KEY to the PKCS#12 file of the city's seal, and SEAL_PASSPHRASE to what opens it; for a trial, run "
        "“manage.py make_seal” (docs/operations.md)."
    )
    return [Error(f"There is no seal key at {settings.SEAL_KEY}.", hint=hint, id="dossiers.E001")]
