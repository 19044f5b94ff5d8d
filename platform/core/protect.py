"""Short secrets of the portal's own accounts (a second factor's seed), protected under the keyring.

They belong to signing in, not to a vault: what is a resident's goes through core.sealed, under their own key.
"""

import base64

from core.keys import keyring


def protect(text: str, *, purpose: str) -> str:
    """`purpose` is bound to the result: a value copied into another place does not open there."""
    kid, wrapped = keyring().wrap(text.encode(), _context(purpose))
    return f"{kid}:{base64.b64encode(wrapped).decode()}"


def unprotect(protected: str, *, purpose: str) -> str:
    """
    Raises:
        KeyringError: the keyring that protected it is not here, or the value was changed.
    """
    kid, _colon, wrapped = protected.rpartition(":")
    return keyring().unwrap(kid, base64.b64decode(wrapped), _context(purpose)).decode()


def _context(purpose: str) -> bytes:
    return b"account secret|" + purpose.encode()
