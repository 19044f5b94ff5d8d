"""The object that decrypts a resident's rows and files while their copy is made. The gate returns it after writing the
journal entry.
"""

from typing import Any, BinaryIO
from uuid import UUID

from core import keys
from core.files.storage import sealed_storage
from core.keys import sealed
from core.models import FileRow
from core.models.rows import check


class Opener:
    """Decrypts one row or file at a time.

    It keeps no key: it reads the key's row for each value, so that the copy ends at once when the vault is closed.

    Raises:
        KeyMissing: the vault was closed.
    """

    def __init__(self, resident_id: UUID) -> None:
        self.resident_id = resident_id

    def unseal(self, content: bytes | memoryview, place: str, former: str = "") -> dict[str, Any]:
        opened: dict[str, Any] = sealed.unseal_json(content, resident_id=self.resident_id, place=place, former=former)
        return opened

    def open(self, row: FileRow) -> BinaryIO:
        """Open the file that a row keeps.

        Raises:
            Forged: the portal did not write the row as it is.
        """
        key = keys.key_of(resident_id=self.resident_id)
        check(row, key=keys.row_key(key), ended=True)
        return sealed_storage.open_under(row.stored_name, key, kind=row.FILE)
