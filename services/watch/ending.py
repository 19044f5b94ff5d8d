"""What becomes of the watch when its grant ends. Runs in the transaction that ends the grant."""

from services.watch.models import Watch
from vault.records.models import Grant


def ended(grant: Grant) -> None:
    """Delete what the watch kept, with what it found. A watch that has another grant by now stays."""
    Watch.objects.filter(grant=grant).delete()
