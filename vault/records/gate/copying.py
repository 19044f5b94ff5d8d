"""What opens a resident's things one after the other while their copy is made. The gate hands it out, once it has written the line."""

from typing import Any, BinaryIO
from uuid import UUID

from core.files.storage import sealed_storage
from core.keys import sealed


class Opener:
    """It keeps no key: the row is read for each value, so that a vault that is closed meanwhile ends the copy at once.

    Raises:
        KeyMissing: the vault was closed.
    """

    def __init__(self, resident_id: UUID) -> None:
        self.resident_id = resident_id

    def unseal(self, content: bytes | memoryview, place: str) -> dict[str, Any]:
        opened: dict[str, Any] = sealed.unseal_json(content, resident_id=self.resident_id, place=place)
        return opened

    def open(self, stored_name: str) -> BinaryIO:
        return sealed_storage.open(stored_name, resident_id=self.resident_id)
