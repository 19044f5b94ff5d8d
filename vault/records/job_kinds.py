"""The vault's kinds of job: the task of each, the texts of its page, and the page where it leads."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core import jobs


def register() -> None:
    waiting = {
        "antivirus_silent": _(
            "L’antivirus de la ville ne répond pas. Votre papier attend, rien n’est perdu : "
            "nous réessayons chaque minute."
        ),
        "antivirus_limit": _(
            "L’antivirus de la ville n’accepte pas encore un fichier de cette taille. "
            "La ville est prévenue, votre papier attend."
        ),
        "not_confined": _(
            "Ce portail ne peut pas lire de fichier en sécurité pour le moment. La ville est prévenue. "
            "Votre papier attend : nous réessayons chaque minute."
        ),
    }
    jobs.register(
        "read_paper",
        task="vault.records.tasks.read_paper",
        queue="documents",
        label=_("Nous lisons votre papier"),
        done_url=lambda job: reverse("records:confirm_paper", args=[job.subject_id]),
        problems=waiting,
    )
    jobs.register(
        "read_side",
        task="vault.records.tasks.read_side",
        queue="documents",
        label=_("Nous contrôlons ce fichier"),
        done_url=lambda job: reverse("records:paper", args=[job.subject_id]),
        problems=waiting,
    )
    jobs.register(
        "keep_data",
        task="vault.records.tasks.keep_data",
        queue="documents",
        label=_("Nous rangeons vos données"),
        done_url=lambda job: reverse("records:paper", args=[job.subject_id]),
        problems={"unreadable": _("Le fichier n’a pas pu être relu. Rien n’a été rangé : vous pouvez réessayer.")},
    )
    jobs.register(
        "export",
        task="vault.records.tasks.make_export",
        queue="documents",
        label=_("Nous préparons la copie de vos données"),
        done_url=lambda job: reverse("records:take_away"),
    )
