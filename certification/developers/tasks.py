from uuid import UUID

from celery import shared_task

from certification.developers.actions import calls, outbox, webhooks


@shared_task
def publish() -> None:
    """Number the events that wait. After each event, and each quarter of a minute."""
    outbox.publish()


@shared_task
def deliver(delivery_id: str) -> None:
    webhooks.deliver(delivery_id=UUID(delivery_id))


@shared_task
def prove(endpoint_id: str) -> None:
    webhooks.prove(endpoint_id=UUID(endpoint_id))


@shared_task
def send_due() -> None:
    """Number events, send what is due again, tell of addresses that were stopped. Each quarter of a minute."""
    outbox.publish()
    webhooks.send_due()
    webhooks.notify_stopped()


@shared_task
def purge() -> None:
    """Delete calls of more than thirty days and events of more than seven. Each hour."""
    calls.purge()
    outbox.purge()
