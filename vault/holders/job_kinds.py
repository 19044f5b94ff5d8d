"""The job kind of this app: a pull of a connection."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import jobs


def register() -> None:
    jobs.register(
        "pull_connection",
        task="vault.holders.tasks.pull_connection",
        queue="documents",
        label=_("Nous demandons vos données"),
        done_url=lambda job: reverse("holders:connection", args=[job.subject_id]),
        cancelled=_("Arrêté. Ce qui était déjà reçu reste dans votre coffre."),
    )
