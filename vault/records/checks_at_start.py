from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register


@register(Tags.security)
def receipt_key_present(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report at startup that there is no key for receipts.

    Without one, agreements are written and their receipts wait.
    """
    if settings.MAKE_RECEIPT_KEY or settings.RECEIPT_KEYS.is_file():
        return []
    hint = "Run `manage.py make_receipt_key` once, or set RECEIPT_KEYS to the file that it made (docs/operations.md)."
    return [Error(f"There is no key for receipts at {settings.RECEIPT_KEYS}.", hint=hint, id="vault.E001")]
