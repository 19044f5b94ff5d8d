from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.pages import menu

if TYPE_CHECKING:
    from core.models import Job

PROBLEMS = {
    "no_seal_key": _("La ville ne peut pas signer de lettre pour le moment. Prévenez l’accueil : rien n’est perdu."),
    "not_drawn": _("La lettre n’a pas pu être écrite. Recommencez : votre demande, elle, est bien partie."),
}
SENTENCES = {
    "granted_request_opened": _("« %(recipient)s » a ouvert votre demande n° %(request)s : %(agent)s."),
    "granted_request_downloaded": _(
        "« %(recipient)s » a téléchargé un fichier de votre demande n° %(request)s : %(agent)s."
    ),
    "request_opened": _("Vous avez ouvert une demande que vous avez envoyée."),
    "request_taken": _("« %(recipient)s » étudie votre demande n° %(request)s : %(agent)s."),
    "request_correction_asked": _(
        "« %(recipient)s » vous demande de corriger votre demande n° %(request)s : %(agent)s."
    ),
    "request_missing_asked": _(
        "« %(recipient)s » vous demande ce qui manque à votre demande n° %(request)s : %(agent)s."
    ),
    "request_corrected": _("Vous avez corrigé une ligne de votre demande n° %(request)s à « %(recipient)s »."),
    "request_proposed": _(
        "« %(recipient)s » a préparé une décision sur votre demande n° %(request)s : %(agent)s. Un autre agent décide."
    ),
    "request_sent_back": _("« %(recipient)s » étudie encore votre demande n° %(request)s : %(agent)s."),
    "request_decided": _(
        "« %(recipient)s » a décidé de votre demande n° %(request)s : %(agent)s. La décision est dans votre coffre."
    ),
    "request_paper_kept": _(
        "La décision de « %(recipient)s » sur votre demande n° %(request)s est aussi un papier de votre coffre."
    ),
    "outside_sent": _("Vous avez noté l’envoi d’une demande à « %(recipient)s »."),
    "outside_noted": _("Vous avez noté la suite d’une demande à « %(recipient)s »."),
    "outside_late": _("Le délai de « %(recipient)s » pour une demande est passé, nous vous l’avons dit."),
    "outside_deleted": _("Vous avez effacé ce que vous aviez noté d’une demande à « %(recipient)s »."),
    "request_silence": _("Le délai de « %(recipient)s » pour votre demande n° %(request)s est passé."),
    "request_copy_gone": _("La copie que « %(recipient)s » avait de votre demande n° %(request)s est effacée."),
}


class RequestsConfig(AppConfig):
    name = "services.requests"
    label = "requests"
    verbose_name = _("Demandes")

    def ready(self) -> None:
        from core import jobs
        from core import leaving as registry
        from services.dossiers import sent
        from services.requests import across, agreements, ending, home, leaving, recipient  # noqa: F401 - home registers itself
        from services.requests.enums import OFFICE_KIND, PREFIX
        from vault.journal import sentences
        from vault.records.grants import agreements as known
        from vault.records.grants import recipients

        known.register_prefix(PREFIX, agreements.resolve, title=agreements.TITLE)
        recipients.register(
            recipients.RecipientKind(
                OFFICE_KIND,
                _("un service de la ville"),
                recipient.never_again,
                refusal=recipient.refusal,
                lock_key=recipient.lock_key,
                contact=recipient.contact,
            )
        )
        jobs.register(
            ending.LETTERS,
            task="services.requests.tasks.write_letters",
            queue="documents",
            label=_("Nous écrivons la lettre"),
            done_url=_page,
            problems=PROBLEMS,
        )
        sent.register(across.sent_dossiers)
        for event, sentence in SENTENCES.items():
            sentences.register(event, sentence)
        registry.register(leaving.APP)
        menu.register(_("Demandes"), "requests:inbox", place=menu.Place.AGENT, order=20, shown=_in_office)


def _in_office(request: HttpRequest) -> bool:
    from accounts.actions import places
    from accounts.models import User

    return isinstance(request.user, User) and places.of_office(request.user) is not None


def _page(job: "Job") -> str:
    return reverse("requests:request", args=[job.subject_id])
