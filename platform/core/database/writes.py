"""Writes that no answer waits for: counts and logs, which may lose their last second if the database stops."""

from django.db import connection


def unawaited() -> str:
    """Return SQL to select one row from, in a single statement that commits without waiting for the disk.

    Within a transaction, which others may rely on, the statement commits with it.
    """
    setting = "current_setting" if connection.in_atomic_block else "set_config"
    more = "" if connection.in_atomic_block else ", 'off', true"
    return f"(SELECT {setting}('synchronous_commit'{more})) AS unawaited"
