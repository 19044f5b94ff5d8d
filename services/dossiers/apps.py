from typing import TYPE_CHECKING

from django.apps import AppConfig
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.pages import menu

if TYPE_CHECKING:
    from django.http import HttpRequest

    from core.models import Job


class DossiersConfig(AppConfig):
    name = "services.dossiers"
    label = "dossiers"
    verbose_name = _("Dossiers")

    def ready(self) -> None:
        from core import jobs
        from core import leaving as registry
        from services.dossiers import checks, home, leaving  # noqa: F401 - the second and third register themselves
        from services.dossiers.content import by_link
        from vault.journal import sentences
        from vault.records.grants import documents

        registry.register(leaving.APP)
        documents.register(by_link.KIND)
        jobs.register(
            "dossier",
            task="services.dossiers.tasks.build",
            queue="documents",
            label=_("Nous préparons votre dossier"),
            done_url=_page,
            problems=PROBLEMS,
        )
        for event, sentence in SENTENCES.items():
            sentences.register(event, sentence)
        menu.register(_("Mes dossiers"), "dossiers:home", order=30)
        menu.register(_("Vérifier un dossier"), "dossiers:verify", place=menu.Place.RIGHTS, order=20)
        menu.register(
            _("Protéger un papier"), "dossiers:watermark", place=menu.Place.RIGHTS, order=21, shown=_is_visitor
        )


PROBLEMS = {
    "changed": _(
        "Une valeur, un papier ou un choix a changé pendant ce temps. Relancez\u00a0: le dossier en tiendra compte."
    ),
    "paper_unreadable": _("Un de vos papiers ne s’ouvre plus. Remplacez-le ou ne le joignez pas, puis recommencez."),
    "too_many_pages": _("Ce dossier dépasse 120 pages de papiers. Laissez-en de côté, puis recommencez."),
    "form_changed": _(
        "La ville a publié une nouvelle version d’un formulaire. Ouvrez-le dans votre dossier, relisez-le, puis "
        "recommencez."
    ),
    "form_does_not_fit": _(
        "Une valeur ne tient plus dans un formulaire. Ouvrez-le dans votre dossier\u00a0: il dit laquelle. "
        "Vous pouvez aussi ne pas le joindre."
    ),
    "no_seal_key": _(
        "La ville ne peut pas signer de dossier pour le moment. Prévenez l’accueil\u00a0: rien n’est perdu."
    ),
}
SENTENCES = {
    "dossier_started": _("Vous avez commencé un dossier."),
    "mandate_dossier_prepared": _(
        "« %(recipient)s » a préparé pour vous la demande n° %(request)s. Rien n’est envoyé."
    ),
    "mandate_dossier_looked": _("« %(recipient)s » a regardé ce qui manque à votre demande n° %(request)s."),
    "dossier_list_renewed": _("Vous avez pris la nouvelle liste de ce que demande une démarche, pour un dossier."),
    "dossier_closing": _("Une démarche ferme bientôt, et votre dossier n’est pas envoyé."),
    "dossier_built": _("Vous avez fait un dossier avec : %(what)s."),
    "granted_dossier_downloaded": _("« %(recipient)s » a téléchargé un dossier que vous avez fait."),
    "dossier_deleted": _("Vous avez supprimé un dossier. Son code n’est plus valable."),
    "part_asked": _("Vous avez demandé à « %(recipient)s » sa part d’un dossier."),
    "part_taken_back": _("Vous avez repris votre demande de part d’un dossier à « %(recipient)s »."),
    "part_agreed": _("Vous avez accepté de préparer votre part du dossier de « %(recipient)s »."),
    "part_refused": _("Vous avez choisi de ne pas préparer votre part du dossier de « %(recipient)s »."),
    "part_withdrawn": _("Vous avez retiré votre part d’un dossier. Son code n’est plus valable."),
    "dossier_expired": _("Un dossier est arrivé à sa date de fin : il est effacé."),
}


def _is_visitor(request: "HttpRequest") -> bool:
    """Return whether nobody is signed in, as on a page of error that comes before the session is read.

    Residents find the same link in “Mes dossiers”.
    """
    user = getattr(request, "user", None)
    return user is None or not user.is_authenticated


def _page(job: "Job") -> str:
    return reverse("dossiers:dossier", args=[job.subject_id])
