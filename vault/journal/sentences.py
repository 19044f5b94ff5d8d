"""Journal entries in plain sentences, one per event code, in French and English, with purpose, ground and means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.journal import Ground, Line, Means
from core.templatetags.civic import clock, number
from vault import types
from vault.records import wording
from vault.records.enums import RefusalCode
from vault.records.models import PaperKind

#: Up to this many fields are named; more are counted.
NAMED = 3
#: Events of readings and acts by others that were refused.
REFUSALS = {"read_refused", "act_refused", "link_code_refused"}
#: Events by an unknown visitor, who typed no right code.
BY_UNKNOWN = {"link_code_refused", "link_locked"}
#: The endings of reading events, and the beginnings of events with such an ending that read no value.
_READINGS = ("_read", "_opened", "_looked", "_count", "_downloaded")
_NO_READINGS = ("vault_opened", "contest_", "emergency_")
#: Events written when the resident opens a page, about what another resident did before.
WRITTEN_LATER = {"sharing_ended"}
_UNKNOWN = gettext_lazy("Vous avez agi sur votre coffre.")
_EMERGENCY_REFUSED = gettext_lazy(
    "Une lecture par « %(recipient)s » a été refusée : l’accès d’urgence ne la permet pas, ou plus."
)
#: The sentence of a refusal that does not come from the grant, by its code.
_REFUSED_BECAUSE: dict[str, str | Promise] = {
    RefusalCode.NOT_ANCHORED: gettext_lazy(
        "Une lecture par « %(recipient)s » a été refusée : le journal n’était plus scellé depuis des heures."
    )
}
#: The sentence of each event, and its variant without the kind of paper.
_SENTENCES: dict[str, tuple[str | Promise, str | Promise]] = {
    "vault_opened": (gettext_lazy("Vous avez ouvert votre coffre : il est à vous."), ""),
    "vault_opened_at_desk": (gettext_lazy("Au guichet, votre coffre a été ouvert avec vous : il est à vous."), ""),
    "sheet_printed": (
        gettext_lazy(
            "« %(recipient)s » a imprimé la feuille qui vous donne votre coffre. La précédente ne sert plus."
        ),
        "",
    ),
    "vault_claimed": (
        gettext_lazy("Vous avez repris votre coffre avec le code de votre feuille. Elle ne sert plus."),
        "",
    ),
    "granted_at_desk": (
        gettext_lazy("Au guichet, vous avez donné votre accord à « %(recipient)s » pour %(what)s."),
        "",
    ),
    "mandate_signed_on_paper": (
        gettext_lazy(
            "Au guichet, vous avez signé un mandat sur papier pour « %(recipient)s ». L’empreinte du formulaire est "
            "gardée."
        ),
        "",
    ),
    "grant_stopped_at_desk": (gettext_lazy("Au guichet, vous avez arrêté un partage avec « %(recipient)s »."), ""),
    "grant_given_back": (gettext_lazy("« %(recipient)s » a terminé : rien ne s’ouvre plus sous votre accord."), ""),
    "key_rewrapped": (
        gettext_lazy("La clé de votre coffre est passée sous une nouvelle clé de la ville. Rien n’a été lu."),
        "",
    ),
    "vault_read": (gettext_lazy("Vous avez regardé votre coffre."), ""),
    "identity_kept": (gettext_lazy("Vous avez copié votre identité depuis FranceConnect."), ""),
    "identity_linked": (gettext_lazy("Vous avez relié FranceConnect à votre compte."), ""),
    "identity_unlinked": (gettext_lazy("Vous avez retiré FranceConnect de votre compte."), ""),
    "phone_kept": (gettext_lazy("Vous avez enregistré un numéro de téléphone."), ""),
    "phone_requests_accepted": (
        gettext_lazy("Vous acceptez qu’on vous demande quelque chose par votre numéro de téléphone."),
        "",
    ),
    "phone_requests_ended": (
        gettext_lazy("Vous n’acceptez plus qu’on vous demande quelque chose par votre numéro de téléphone."),
        "",
    ),
    "phone_forgotten": (gettext_lazy("Vous avez retiré votre numéro de téléphone."), ""),
    "second_factor_reset_asked": (
        gettext_lazy("À l’accueil, un agent a demandé de retirer votre double vérification."),
        "",
    ),
    "second_factor_reset_read": (gettext_lazy("À l’accueil, le second agent a lu votre nom avant de répondre."), ""),
    "second_factor_reset": (gettext_lazy("À l’accueil, deux agents ont retiré votre double vérification."), ""),
    "data_read": (gettext_lazy("Vous avez regardé %(what)s."), ""),
    "data_withdrawn": (gettext_lazy("Vous avez retiré %(what)s (%(count)s)."), ""),
    "history_read": (gettext_lazy("Vous avez regardé l’historique d’une valeur."), ""),
    "papers_read": (gettext_lazy("Vous avez regardé vos papiers."), ""),
    "uploads_read": (gettext_lazy("Vous avez regardé les envois que vous avez commencés."), ""),
    "note_opened": (gettext_lazy("Vous avez relu ce que vous aviez écrit."), ""),
    "record_added": (gettext_lazy("Vous avez ajouté %(what)s."), ""),
    "records_received": (gettext_lazy("Votre coffre a reçu des données de %(holder)s : %(what)s (%(count)s)."), ""),
    "connection_made": (gettext_lazy("Vous avez demandé à recevoir de %(holder)s : %(what)s."), ""),
    "connection_agreed": (gettext_lazy("Vous avez donné votre accord chez %(holder)s pour : %(what)s."), ""),
    "connection_pulled": (gettext_lazy("Vos données ont été demandées à %(holder)s : %(what)s."), ""),
    "connection_identity": (
        gettext_lazy(
            "Votre identité a été relue, pour la donner à l’organisme interrogé ou la comparer à sa réponse."
        ),
        "",
    ),
    "connection_looked": (gettext_lazy("Vous avez regardé une connexion à un organisme."), ""),
    "connection_paused": (gettext_lazy("Vous avez mis en pause la connexion à %(holder)s."), ""),
    "connection_paused_by_restore": (
        gettext_lazy(
            "La connexion à %(holder)s est en pause : le portail revient d’une sauvegarde. Reprenez-la si elle vous "
            "convient."
        ),
        "",
    ),
    "connection_resumed": (gettext_lazy("Vous avez repris la connexion à %(holder)s."), ""),
    "connection_stopped": (gettext_lazy("Vous avez arrêté la connexion à %(holder)s."), ""),
    "data_kept": (gettext_lazy("Vous avez rangé les données d’un fichier : %(what)s (%(count)s)."), ""),
    "record_corrected": (gettext_lazy("Vous avez corrigé %(what)s."), ""),
    "record_withdrawn": (gettext_lazy("Vous avez retiré %(what)s."), ""),
    "paper_added": (
        gettext_lazy("Vous avez ajouté un papier : %(paper)s."),
        gettext_lazy("Vous avez ajouté un papier."),
    ),
    "paper_kept": (gettext_lazy("Vous avez rangé un papier : %(paper)s."), gettext_lazy("Vous avez rangé un papier.")),
    "paper_refused": (gettext_lazy("Un papier que vous aviez ajouté a été refusé. Son fichier est effacé."), ""),
    "paper_described": (
        gettext_lazy("Vous avez précisé un papier : %(paper)s."),
        gettext_lazy("Vous avez précisé un papier."),
    ),
    "paper_deleted": (
        gettext_lazy("Vous avez supprimé un papier : %(paper)s."),
        gettext_lazy("Vous avez supprimé un papier."),
    ),
    "paper_checked": (
        gettext_lazy("Votre papier a été contrôlé : %(paper)s."),
        gettext_lazy("Votre papier a été contrôlé."),
    ),
    "paper_compared": (gettext_lazy("Votre papier a été comparé avec ce que votre coffre sait déjà."), ""),
    "household_invited": (gettext_lazy("Vous avez créé un code pour inviter quelqu’un dans votre foyer."), ""),
    "household_invitation_cancelled": (gettext_lazy("Vous avez annulé votre code d’invitation."), ""),
    "household_joined": (gettext_lazy("Vous avez rejoint le foyer de « %(recipient)s »."), ""),
    "household_left": (gettext_lazy("Vous avez quitté votre foyer. Ce que vous partagiez avec lui a pris fin."), ""),
    "sharing_ended": (gettext_lazy("Les partages avec « %(recipient)s » ont pris fin."), ""),
    "grant_given": (gettext_lazy("Vous avez donné votre accord à « %(recipient)s » pour %(what)s."), ""),
    "grant_stopped": (gettext_lazy("Vous avez arrêté un partage avec « %(recipient)s »."), ""),
    "grant_paused": (gettext_lazy("Vous avez mis en pause un partage avec « %(recipient)s »."), ""),
    "grant_paused_by_restore": (
        gettext_lazy(
            "Un partage avec « %(recipient)s » est en pause : le portail revient d’une sauvegarde. Reprenez-le s’il "
            "vous convient."
        ),
        "",
    ),
    "grant_resumed": (gettext_lazy("Vous avez repris un partage avec « %(recipient)s »."), ""),
    "grant_shortened": (gettext_lazy("Vous avez avancé la fin d’un partage avec « %(recipient)s »."), ""),
    "grant_narrowed": (gettext_lazy("Vous avez retiré une ligne d’un partage avec « %(recipient)s » : %(what)s."), ""),
    "erasure_asked": (
        gettext_lazy("L’effacement de ce qui a été reçu est demandé à « %(recipient)s »."),
        "",
    ),
    "erasure_confirmed": (gettext_lazy("« %(recipient)s » dit avoir effacé ce qui avait été reçu."), ""),
    "erasure_refused": (gettext_lazy("« %(recipient)s » refuse d’effacer ce qui a été reçu, et dit pourquoi."), ""),
    "erasure_noted": (gettext_lazy("Vous avez noté la réponse de « %(recipient)s » : c’est effacé, ou non."), ""),
    "grant_over": (gettext_lazy("Un partage avec « %(recipient)s » est arrivé à sa fin."), ""),
    "grant_ending": (gettext_lazy("Un partage avec « %(recipient)s » se termine bientôt, nous vous l’avons dit."), ""),
    "grant_told": (gettext_lazy("« %(recipient)s » a rendu votre accord, nous vous l’avons dit."), ""),
    "grant_unused": (gettext_lazy("Un partage avec « %(recipient)s » ne sert pas, nous vous l’avons dit."), ""),
    "received_read": (gettext_lazy("Vous avez regardé ce que « %(recipient)s » a reçu."), ""),
    "agreement_reread": (gettext_lazy("Vous avez relu ce que vous aviez accepté avec « %(recipient)s »."), ""),
    "granted_write": (
        gettext_lazy("« %(recipient)s » a écrit dans votre coffre : %(what)s (%(count)s)."),
        "",
    ),
    "granted_read": (gettext_lazy("« %(recipient)s » a lu %(what)s."), ""),
    "granted_count": (
        gettext_lazy("Compté sous votre accord avec « %(recipient)s », sans lui être montré : %(what)s."),
        "",
    ),
    "read_refused": (
        gettext_lazy("Une lecture par « %(recipient)s » a été refusée : votre accord ne la permet pas."),
        "",
    ),
    "row_refused": (
        gettext_lazy("Une donnée de la base n’était pas celle que le portail a écrite : rien n’a été ouvert."),
        gettext_lazy("La ville est prévenue."),
    ),
    "act_refused": (gettext_lazy("Un acte de « %(recipient)s » a été refusé : votre accord ne le permet pas."), ""),
    "mandate_paper_added": (
        gettext_lazy("« %(recipient)s » a ajouté un papier à votre coffre : %(paper)s."),
        gettext_lazy("« %(recipient)s » a ajouté un papier à votre coffre."),
    ),
    "brought_paper_read": (
        gettext_lazy("« %(recipient)s » a comparé avec vous un papier ajouté pendant la visite : %(paper)s."),
        gettext_lazy("« %(recipient)s » a comparé avec vous un papier ajouté pendant la visite."),
    ),
    "typed_at_desk": (gettext_lazy("Au guichet, « %(recipient)s » a écrit ce que vous avez dit : %(what)s."), ""),
    "paper_confirmed_at_desk": (
        gettext_lazy("Au guichet, vous avez confirmé un papier devant « %(recipient)s » : %(paper)s."),
        gettext_lazy("Au guichet, vous avez confirmé un papier devant « %(recipient)s »."),
    ),
    "help_asked": (gettext_lazy("Vous avez demandé de l’aide à « %(recipient)s »."), ""),
    "help_withdrawn": (gettext_lazy("Vous avez retiré une demande d’aide à « %(recipient)s »."), ""),
    "help_read": (gettext_lazy("L’organisme à qui vous demandez de l’aide a lu le nom que vous avez donné."), ""),
    "help_answered": (gettext_lazy("« %(recipient)s » a répondu à votre demande d’aide."), ""),
    "access_asked": (
        gettext_lazy("« %(recipient)s » vous a demandé à voir des données. Rien n’est lu sans votre réponse."),
        "",
    ),
    "access_code_typed": (
        gettext_lazy("« %(recipient)s » a tapé le code que votre téléphone a reçu : c’est votre accord."),
        "",
    ),
    "handover_offered": (
        gettext_lazy("La personne qui vous accompagne vous propose « %(recipient)s » à sa place."),
        "",
    ),
    "handover_declined": (gettext_lazy("Vous avez dit non à « %(recipient)s » pour vous accompagner."), ""),
    "access_declined": (gettext_lazy("Vous avez dit non à une demande de « %(recipient)s »."), ""),
    "emergency_asked": (
        gettext_lazy(
            "« %(recipient)s » a demandé un accès d’urgence à votre coffre. Rien ne s’ouvre avant qu’un second agent "
            "accepte."
        ),
        "",
    ),
    "emergency_considered": (gettext_lazy("« %(recipient)s » a lu le motif d’un accès d’urgence à votre coffre."), ""),
    "emergency_agreed": (gettext_lazy("« %(recipient)s » a accepté un accès d’urgence à votre coffre."), ""),
    "emergency_refused": (gettext_lazy("« %(recipient)s » a refusé un accès d’urgence à votre coffre."), ""),
    "emergency_opened": (
        gettext_lazy("Un accès d’urgence est ouvert à « %(recipient)s » pour %(what)s, sans votre accord."),
        "",
    ),
    "emergency_declined": (gettext_lazy("Vous avez refusé un accès d’urgence demandé par « %(recipient)s »."), ""),
    "emergency_reread": (gettext_lazy("Vous avez lu le motif d’un accès d’urgence."), ""),
    "appointment_made": (gettext_lazy("Vous avez créé un code de rendez-vous."), ""),
    "appointment_cancelled": (gettext_lazy("Vous avez annulé un code de rendez-vous."), ""),
    "appointment_begun": (
        gettext_lazy(
            "« %(recipient)s » a tapé votre code de rendez-vous : cette personne peut agir pour vous pendant deux "
            "heures."
        ),
        "",
    ),
    "granted_looked": (gettext_lazy("« %(recipient)s » a regardé la liste des papiers que vous lui montrez."), ""),
    "granted_downloaded": (
        gettext_lazy("« %(recipient)s » a téléchargé un papier : %(paper)s."),
        gettext_lazy("« %(recipient)s » a téléchargé un papier."),
    ),
    "link_code_made": (gettext_lazy("Vous avez fait un nouveau code pour le lien de « %(recipient)s »."), ""),
    "link_code_refused": (
        gettext_lazy("Un mauvais code a été essayé sur le lien de « %(recipient)s » : rien n’a été ouvert."),
        "",
    ),
    "link_locked": (gettext_lazy("Le lien de « %(recipient)s » s’est bloqué après cinq mauvais codes."), ""),
    "shared_facts_read": (gettext_lazy("Vous avez regardé ce que « %(recipient)s » a mis en commun avec vous."), ""),
    "side_added": (
        gettext_lazy("Vous avez ajouté un fichier à un papier : %(paper)s."),
        gettext_lazy("Vous avez ajouté un fichier à un papier."),
    ),
    "side_kept": (
        gettext_lazy("Un fichier ajouté à un papier a été contrôlé : %(paper)s."),
        gettext_lazy("Un fichier ajouté à un papier a été contrôlé."),
    ),
    "side_refused": (gettext_lazy("Un fichier ajouté à un papier a été refusé. Il est effacé."), ""),
    "side_moved": (gettext_lazy("Vous avez changé l’ordre des fichiers d’un papier."), ""),
    "side_dropped": (gettext_lazy("Vous avez retiré un fichier d’un papier."), ""),
    "paper_expiring": (
        gettext_lazy("Un papier arrive à sa fin, nous vous l’avons dit : %(paper)s."),
        gettext_lazy("Un papier arrive à sa fin, nous vous l’avons dit."),
    ),
    "request_started": (gettext_lazy("Vous avez préparé une demande de vos données : %(holder)s."), ""),
    "request_changed": (gettext_lazy("Vous avez changé une demande de vos données : %(holder)s."), ""),
    "request_sent": (gettext_lazy("Vous avez envoyé une demande de vos données : %(holder)s."), ""),
    "request_extended": (gettext_lazy("Vous avez noté que le délai d’une demande est prolongé : %(holder)s."), ""),
    "request_reminded": (gettext_lazy("Vous avez relancé un organisme : %(holder)s."), ""),
    "request_complained": (gettext_lazy("Vous avez noté une plainte à la CNIL : %(holder)s."), ""),
    "request_answered": (gettext_lazy("Vous avez noté la réponse d’un organisme : %(holder)s."), ""),
    "request_undone": (gettext_lazy("Vous avez effacé une date d’une demande : %(holder)s."), ""),
    "request_late": (gettext_lazy("Le délai d’une demande est passé, nous vous l’avons dit : %(holder)s."), ""),
    "request_deleted": (gettext_lazy("Vous avez supprimé une demande de vos données : %(holder)s."), ""),
    "contest_sent": (gettext_lazy("Vous avez contesté une ligne de votre journal."), ""),
    "contest_withdrawn": (gettext_lazy("Vous avez retiré une contestation. Son message est effacé."), ""),
    "contest_opened": (gettext_lazy("Vous avez relu une contestation."), ""),
    "contest_read": (gettext_lazy("Le délégué à la protection des données a lu votre contestation."), ""),
    "contest_answered": (gettext_lazy("Le délégué à la protection des données a répondu à votre contestation."), ""),
    "alerts_chosen": (gettext_lazy("Vous avez choisi vos alertes."), ""),
    "journal_copied": (gettext_lazy("Vous avez pris une copie de votre journal."), ""),
    "export_asked": (gettext_lazy("Vous avez demandé une copie de toutes vos données."), ""),
    "whole_vault_read": (
        gettext_lazy("Tout votre coffre a été relu, pour en faire la copie que vous avez demandée."),
        "",
    ),
    "export_downloaded": (gettext_lazy("Vous avez téléchargé la copie de toutes vos données."), ""),
    "records_brought": (
        gettext_lazy("Votre coffre a repris ce que vous avez apporté de « %(recipient)s » (%(count)s)."),
        "",
    ),
    "vault_closed": (gettext_lazy("Vous avez fermé votre coffre."), ""),
    "closing_asked": (gettext_lazy("Vous avez demandé la fermeture de votre coffre."), ""),
    "closing_cancelled": (gettext_lazy("Vous avez annulé la fermeture de votre coffre."), ""),
    "sheet_closing_asked": (
        gettext_lazy("Au guichet, « %(recipient)s » a noté que vous demandez la fermeture de votre coffre."),
        "",
    ),
    "sheet_closing_confirmed": (
        gettext_lazy(
            "Au guichet, « %(recipient)s » a confirmé la fermeture de votre coffre, dans trente jours au plus."
        ),
        "",
    ),
    "sheet_closing_cancelled": (
        gettext_lazy("Au guichet, « %(recipient)s » a noté que vous gardez votre coffre."),
        "",
    ),
    "file_opened": (
        gettext_lazy("Vous avez ouvert un fichier : %(paper)s."),
        gettext_lazy("Vous avez ouvert un fichier."),
    ),
}


#: The ground and the means, at the end of each entry's text.
GROUNDS: dict[Ground, str | Promise] = {
    Ground.OWN: gettext_lazy("à votre demande"),
    Ground.GRANT: gettext_lazy("d’après votre accord"),
    Ground.EMERGENCY: gettext_lazy("en urgence, sans votre accord"),
    Ground.TASK: gettext_lazy("pour faire fonctionner le service"),
}
MEANS: dict[Means, str | Promise] = {
    Means.PAGE: gettext_lazy("depuis une page du portail"),
    Means.JOB: gettext_lazy("par un travail du portail"),
    Means.SCHEDULER: gettext_lazy("par le portail, tout seul"),
    Means.DESK: gettext_lazy("à l’accueil"),
    Means.ADMIN: gettext_lazy("depuis l’administration du portail"),
    Means.API: gettext_lazy("par le programme du service"),
}


@dataclass(frozen=True)
class EntryText:
    """An entry in words.

    `own`: the resident did it. `why`: purpose, ground, and means unless it was a page of the portal. `to_contest`: the
    page proposes to contest it; any other entry may be contested too.
    """

    id: UUID
    at: str
    number: int
    sentence: str
    why: str
    details: list[str]
    own: bool
    refused: bool
    to_contest: bool


def paper_kinds(entries: Iterable[Line]) -> dict[str, str]:
    codes = {entry.details["kind"] for entry in entries if "kind" in entry.details}
    return {kind.code: kind.label for kind in PaperKind.objects.filter(code__in=codes)} if codes else {}


def present_entry(entry: Line, kinds: dict[str, str], reader: UUID) -> EntryText:
    why = _(entry.purpose) if entry.purpose else ""
    means = "" if entry.means == Means.PAGE else str(MEANS[entry.means])
    reasons = " · ".join(filter(None, [why, str(GROUNDS[entry.ground]), means]))
    return EntryText(
        id=entry.id,
        at=clock(entry.at),
        number=entry.number,
        sentence=sentence(entry, kinds),
        why=reasons[:1].upper() + reasons[1:],
        details=by_type(entry.fields) if len(entry.fields) > NAMED else [],
        own=is_own(entry, reader),
        refused=entry.event in REFUSALS,
        to_contest=not is_own(entry, reader) and not entry.event.startswith("contest_"),
    )


def is_reading(event: str) -> bool:
    """Return True for a reading event, recognised by its code, so that events of other apps need no list here."""
    return event == "read" or (event.endswith(_READINGS) and not event.startswith(_NO_READINGS))


def is_own(entry: Line, reader: UUID) -> bool:
    """Return True for the resident's own acts, in person or by a job. The page folds them; others' acts stand out."""
    return entry.actor_id == reader and entry.means != Means.SCHEDULER and entry.event not in WRITTEN_LATER


def by_type(fields: Sequence[str]) -> list[str]:
    """Return the labels of the fields, one text per type of data."""
    found: dict[str, list[str]] = {}
    for field_id, label in zip(fields, labels(fields), strict=True):
        found.setdefault(field_id.partition("#")[0], []).append(label)
    return [
        _("%(type)s : %(fields)s") % {"type": _plain_title(code), "fields": ", ".join(names)}
        for code, names in found.items()
    ]


def labels(fields: Sequence[str]) -> list[str]:
    """Return the label of each field; its id if the field no longer exists."""
    return [_label(field_id) for field_id in fields]


def register(event: str, sentence: str | Promise, without_paper: str | Promise = "") -> None:
    """Register the sentence of an app's own event.

    `%(what)s` stands for the titles of its fields' types, `%(paper)s` for the kind of paper. `without_paper` is used
    if the kind is unknown.
    """
    _SENTENCES[event] = (sentence, without_paper or sentence)


def register_refusal(code: RefusalCode, sentence: str | Promise) -> None:
    """Register the sentence of a refusal that comes from a kind of recipient, and not from the grant."""
    _REFUSED_BECAUSE[code] = sentence


def sentence(entry: Line, kinds: dict[str, str]) -> str:
    if entry.event == "read":
        return _read(entry)
    recipient = entry.details.get("recipient", "")
    because = _REFUSED_BECAUSE.get(entry.details.get("reason", "")) if entry.event == "read_refused" else None
    if because:
        return str(because) % {"recipient": recipient}
    if entry.event == "read_refused" and entry.ground == Ground.EMERGENCY:
        return _EMERGENCY_REFUSED % {"recipient": recipient}
    paper = kinds.get(entry.details.get("kind", ""), "")
    whole, without_paper = _SENTENCES.get(entry.event, (_UNKNOWN, _UNKNOWN))
    values = {
        "what": _type(entry),
        "paper": paper,
        "holder": _holders(entry),
        "count": number(entry.details.get("count", "")),
        "recipient": recipient,
        # The label of a place ends with its office, which the sentence has named.
        "agent": entry.details.get("agent", "").removesuffix(f", {recipient}"),
        "request": entry.details.get("number", ""),
    }
    return str(whole if paper or "%(paper)s" not in str(whole) else without_paper) % values


def _holders(entry: Line) -> str:
    return ", ".join(wording.holder(name) for name in entry.details.get("holder", "").split(", "))


def _read(entry: Line) -> str:
    names = [name[:1].lower() + name[1:] for name in labels(entry.fields)]
    if not names:
        return _("Vous n’avez rien lu : votre coffre n’avait rien de ce qui était cherché.")
    if len(names) <= NAMED:
        return _("Vous avez lu : %(fields)s.") % {"fields": _series(names)}
    said = ngettext("Vous avez lu %(count)s valeur.", "Vous avez lu %(count)s valeurs.", len(names))
    return said % {"count": len(names)}


def _series(names: Sequence[str]) -> str:
    if len(names) < 2:
        return names[0] if names else _("rien")
    return _("%(first)s et %(last)s") % {"first": ", ".join(names[:-1]), "last": names[-1]}


def _type(entry: Line) -> str:
    codes = list(dict.fromkeys(field_id.partition("#")[0] for field_id in entry.fields))
    titles = [_title(code) for code in codes]
    if entry.event in {"grant_given", "grant_narrowed"} and (papers := int(entry.details.get("count", "0"))):
        titles.append(ngettext("%(count)s papier", "%(count)s papiers", papers) % {"count": papers})
    return _series(titles) if titles else _("une valeur")


def _title(code: str) -> str:
    return _("« %(title)s »") % {"title": _plain_title(code)}


def _plain_title(code: str) -> str:
    try:
        return types.get(code).title
    except types.UnknownType:
        return code


def _label(field_id: str) -> str:
    try:
        return types.field(field_id).label
    except types.UnknownType:
        return field_id
