from typing import Any, ClassVar

from django.db import models

from core.models.rows import AuthenticatedRow


class FileRow(AuthenticatedRow):
    """A row that keeps a file sealed under its resident's key. The name of the file is under the row's MAC.

    `FILE` is the kind with which the file is sealed.
    """

    FILE: ClassVar[str]
    stored_name: "models.CharField[Any, Any]"

    class Meta:
        abstract = True
