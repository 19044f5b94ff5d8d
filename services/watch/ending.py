"""What becomes of the watch when its grant ends, or loses a line. Runs in the transaction that does so."""

from django.utils import timezone

from services.watch.models import Finding, Watch
from vault.records.models import Grant


def ended(grant: Grant) -> None:
    """Delete what the watch kept, with what it found. A watch that has another grant by now stays.

    A grant that lost a line goes on: the watch forgets what it made of all lines, and begins again with those left.
    """
    if grant.stopped_at is not None:
        Watch.objects.filter(grant=grant).delete()
        return
    for watch in Watch.objects.filter(grant=grant).select_for_update():
        forget(watch)
        watch.due_at, watch.changes = timezone.now(), watch.changes + 1
        watch.save()


def forget(watch: Watch) -> None:
    """Delete what was found, and empty the outcome; the caller saves the row."""
    Finding.objects.filter(watch=watch).delete()
    watch.version += 1
    watch.content = b""
