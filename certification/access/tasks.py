from celery import shared_task

from certification.access.actions import tokens


@shared_task
def clear_tokens() -> None:
    """Delete expired codes and tokens. Each hour."""
    tokens.clear_expired()
