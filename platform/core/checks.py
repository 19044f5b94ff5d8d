from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register

from core import keys
from core.journal import signed_notes


@register(Tags.security)
def keyring_usable(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Report a keyring that is missing, readable by other users or malformed; the portal then refuses to start."""
    try:
        keys.keyring()
    except keys.KeyringError as error:
        return [Error(str(error), id="core.E001")]
    return []


@register(Tags.security)
def checkpoints_can_be_signed(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    try:
        signed_notes.check_key()
    except signed_notes.KeyUnusable as error:
        return [Error(str(error), id="core.E002")]
    return []
