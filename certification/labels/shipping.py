"""The charter that comes with the software: a draft, until the city publishes it."""

import json
from pathlib import Path
from typing import Any

from django.db import transaction

from certification.labels.models import CharterVersion, Criterion

CHARTER = Path(__file__).parent / "content" / "charter.json"


def load() -> CharterVersion | None:
    """Write the shipped charter as version 1, if the city has no version at all. Return it, or None."""
    content: dict[str, Any] = json.loads(CHARTER.read_text(encoding="utf-8"))
    criteria = content.pop("criteria")
    with transaction.atomic():
        if CharterVersion.objects.exists():
            return None
        charter = CharterVersion.objects.create(number=1, **content)
        Criterion.objects.bulk_create(Criterion(charter=charter, **one) for one in criteria)
    return charter
