"""Codes and tokens that contain their data, unprotected: the residents are invented."""

import base64
import json
import secrets
from typing import Any


def make(**about: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(about | {"n": secrets.token_hex(8)}).encode()).decode().rstrip("=")


def read(token: str) -> dict[str, Any]:
    """Return the token's data, or an empty dict if it is not one of ours."""
    try:
        found = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
