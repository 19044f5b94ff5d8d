"""Files are made once and kept in the storage “publications”: a later version of the portal gives the same bytes.

Unless what files say was wrong: `FORMAT` is then raised, and files are made again of the same frozen document.
"""

import hashlib

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from campaigns.results.files.making import Kind
from campaigns.results.published import Published

#: 2: hidden totals are no longer said to be under eleven; ρ and ε are those of the whole consultation.
FORMAT = 2


def content(published: Published, kind: Kind) -> bytes:
    """Return a file, made now if it is not stored. One that was altered in the storage is made again.

    Its name has the publication's hash; beside it, its own hash tells a file that was cut off.
    """
    storage = storages["publications"]
    name = f"{published.plan.code}/{published.window}-{published.sha256[:16]}.{FORMAT}.{kind.name}"
    if storage.exists(name) and storage.exists(f"{name}.sha256"):
        with storage.open(name) as file, storage.open(f"{name}.sha256") as digest:
            found: bytes = file.read()
            if hashlib.sha256(found).hexdigest().encode() == digest.read():
                return found
    made = kind.make(published)
    for stored, bytes_of in ((name, made), (f"{name}.sha256", hashlib.sha256(made).hexdigest().encode())):
        storage.delete(stored)
        storage.save(stored, ContentFile(bytes_of))
    return made
