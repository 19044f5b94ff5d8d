"""Whether a holder may be asked now."""

from vault.holders.enums import ConnectionState
from vault.holders.models import Connection


def may_pull(connection: Connection, *, unattended: bool) -> bool:
    """A holder is asked while the resident's agreement lasts; without them, only if they said so, or to end a pull that they asked for.

    Judged when the pull runs, and again before each writing.
    """
    if connection.state != ConnectionState.ACTIVE or connection.over:
        return False
    return not unattended or connection.unattended or connection.unfinished
