"""The words of requests, for the publisher and for agents."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from certification.labels import holders, levels, perms
from certification.labels.enums import LabelState, Told, Verdict
from certification.labels.missing import missing, problems_of
from certification.labels.models import (
    Complaint,
    Label,
    LabelChange,
    LabelRequest,
    Notice,
    Purpose,
    PurposeField,
    PurposePaper,
    Service,
)
from certification.labels.models.complaint import ANSWERED_WITHIN
from certification.labels.presenting import registry
from certification.labels.states import CLOSED, WRITABLE, State
from core.templatetags.civic import clock, long_date, size
from vault import types
from vault.records.models import PaperKind

Row = dict[str, str]
TAGS = {
    State.DRAFT: "",
    State.SUBMITTED: "fresh",
    State.EXAMINED: "fresh",
    State.COMPLEMENTS: "soon",
    State.PROPOSED: "fresh",
    State.ACCEPTED: "ok",
    State.REFUSED: "expired",
    State.DROPPED: "expired",
}
VERDICT_TAGS = {
    Verdict.MET: "ok",
    Verdict.PARTLY: "soon",
    Verdict.NOT_MET: "expired",
    Verdict.NOT_APPLICABLE: "",
}


def services(found: Sequence[Service]) -> list[dict[str, Any]]:
    """Return a publisher's services, each with its labels and requests."""
    cards = []
    for one in found:
        open_request = next((request for request in one.requests.all() if request.state not in CLOSED), None)
        cards.append(
            {
                "service": one,
                "labels": [own_label(label) for label in one.labels.select_related("service__publisher")],
                "may_change": any(label.state == LabelState.ACTIVE for label in one.labels.all()),
                "requests": [request_row(request) for request in one.requests.all()],
                "may_start": open_request is None,
            }
        )
    return cards


def own_label(label: Label) -> Row:
    [row] = registry.rows([label])
    return row | {"href": reverse("labels:own_label", args=[label.pk])}


def request_row(request: LabelRequest) -> Row:
    state = State(request.state)
    text = _("%(kind)s, du %(day)s.") % {"kind": request.get_kind_display(), "day": long_date(request.created_at)}
    return {
        "label": request.number,
        "text": " ".join(filter(None, [text, request.reasons])),
        "href": _request_url(request),
        "tag": str(state.label),
        "tag_kind": TAGS[state],
    }


def tasks(request: LabelRequest) -> list[dict[str, Any]]:
    """Return the pages of a request that its publisher writes, each with its state."""
    lacking = {one.code for one in missing(request)}
    described = {"privacy_url", "hosting", "subprocessors", "data_contact", "alert_contact"}
    found = [
        {
            "name": _("Hébergement, sous-traitants et contacts"),
            "href": reverse("labels:describe", args=[request.pk]),
            **_done(not lacking & described),
        }
    ]
    for purpose in levels.purposes(request):
        problems = list(problems_of(purpose))
        count = len(purpose.fields.all()) + len(purpose.papers.all())
        asks = ngettext("%(count)s donnée demandée.", "%(count)s données demandées.", count) % {"count": count}
        found.append(
            {
                "name": _("But : %(title)s") % {"title": purpose.title},
                "href": reverse("labels:purpose", args=[request.pk, purpose.pk]),
                "hint": " ".join([asks, *problems]),
                **_done(not problems),
            }
        )
    count = request.evidence.count()
    found.append(
        {
            "name": _("Preuves à ne pas publier"),
            "href": reverse("labels:evidence", args=[request.pk]),
            "hint": ngettext("%(count)s fichier.", "%(count)s fichiers.", count) % {"count": count}
            if count
            else _("Si une preuve n’est pas en ligne. Seule la personne qui instruit les ouvre."),
            "tag": _("Facultatif"),
            "tag_kind": "",
        }
    )
    return found


def evidence_rows(request: LabelRequest) -> list[dict[str, str]]:
    """Return the files of a request, each with its kind, size and day."""
    return [
        {
            "id": str(one.pk),
            "label": one.title,
            "text": _("%(type)s, %(size)s, ajouté le %(day)s")
            % {
                "type": one.media_type.rpartition("/")[2].upper(),
                "size": size(one.size),
                "day": long_date(one.added_at),
            },
        }
        for one in request.evidence.all()
    ]


def evidence_to_open(request: LabelRequest, *, instructor: bool) -> list[dict[str, str]]:
    """Return the files of a request for agents: whoever examines it has a link to each."""
    return [
        row | ({"href": reverse("labels:open_evidence", args=[request.pk, row["id"]])} if instructor else {})
        for row in evidence_rows(request)
    ]


def answers(request: LabelRequest) -> list[dict[str, Any]]:
    """Return the charter's requirements, each with the publisher's answer."""
    said = {one.criterion_id: one for one in request.answers.all()}
    found = []
    for criterion in levels.criteria(request):
        answer = said.get(criterion.pk)
        found.append(
            {
                "name": f"{criterion.code}. {criterion.words}",
                "href": reverse("labels:answer", args=[request.pk, criterion.code]),
                "tag": unbroken(answer.get_verdict_display() if answer else _("À faire")),
                "tag_kind": VERDICT_TAGS[Verdict(answer.verdict)] if answer else "",
            }
        )
    return found


def next_answer(request: LabelRequest, code: str) -> str:
    """Return the page of the next requirement that has no answer, else the request's page."""
    said = set(request.answers.values_list("criterion__code", flat=True))
    following = _following([one.code for one in levels.criteria(request)], said, code)
    return reverse("labels:answer", args=[request.pk, following]) if following else _request_url(request)


def next_review(request: LabelRequest, code: str) -> str:
    """Return the page of the next requirement to examine, else the request's page for agents."""
    seen = set(request.reviews.values_list("criterion__code", flat=True))
    following = _following([one.code for one in levels.criteria(request)], seen, code)
    name, parts = ("labels:review", [request.pk, following]) if following else ("labels:examine", [request.pk])
    return reverse(name, args=parts)


def _following(codes: Sequence[str], done: Collection[str], code: str) -> str:
    """Return the first code that is not done after this one, then before it; "" if all are."""
    left = [one for one in codes if one not in done and one != code]
    return next((one for one in left if one > code), left[0] if left else "")


def _request_url(request: LabelRequest) -> str:
    return reverse("labels:request", args=[request.pk])


def unbroken(words: str) -> str:
    """Return the words of a tag that stays on one line beside a long name."""
    return words.replace(" ", "\u00a0")


def lacking(request: LabelRequest) -> list[str]:
    return [one.text for one in missing(request)]


def asked_rows(purpose: Purpose) -> list[dict[str, str]]:
    """Return what a purpose asks for, each with the value of the button that drops it."""
    asked = [one.kind for one in purpose.papers.all()]
    kinds = {kind.code: str(kind) for kind in PaperKind.objects.filter(code__in=asked)}
    fields = [_asked(one.field, str(types.field(one.field).label), one) for one in purpose.fields.all()]
    return fields + [_asked(one.kind, kinds.get(one.kind, one.kind), one) for one in purpose.papers.all()]


def written_rows(purpose: Purpose) -> list[Row]:
    """Return the types of data that the service would write back, each for whoever examines to check."""
    text = _("Le service l’écrirait dans le coffre. Regardez si le but le demande.")
    return [{"label": str(types.get(code).title), "text": text, "tag": _("Écrit")} for code in purpose.writes]


def _asked(code: str, label: str, one: PurposeField | PurposePaper) -> Row:
    necessity = _("Nécessaire") if one.required else _("Facultatif")
    return {"code": code, "label": label, "text": f"{necessity}. {one.why}"}


def thread(request: LabelRequest, *, names: bool) -> list[Row]:
    """Return the messages. The publisher reads that an agent wrote, and not who."""
    rows = []
    for one in request.messages.select_related("author"):
        who = one.author.name if names or not one.from_city else _("Un agent de la ville")
        asks = _("Complément demandé") if one.asks_complements else ""
        rows.append({"label": who, "text": one.text, "at": _moment(one.at), "tag": asks})
    return rows


def asked_complement(request: LabelRequest) -> str:
    """Return what the city asked for last, while it waits for it."""
    if request.state != State.COMPLEMENTS:
        return ""
    asked = request.messages.filter(asks_complements=True).order_by("-at").first()
    return asked.text if asked else ""


def state_rows(request: LabelRequest) -> list[Row]:
    """Return where a request is, for both sides. Its page names the service and the publisher in its title."""
    found = [(_("État"), str(State(request.state).label))]
    found.append((_("Charte"), _charter(request)))
    if request.submitted_at and request.state not in CLOSED:
        found.append((_("Envoyée"), long_date(request.submitted_at)))
    if request.reasons:
        found.append((_("Raisons"), request.reasons))
    return _rows(found)


def _charter(request: LabelRequest) -> str:
    said = _("version %(number)s") % {"number": request.charter.number}
    if levels.is_light(request):
        return _("%(charter)s, exigences bloquantes seules : rien de délicat n’est demandé") % {"charter": said}
    return said


def clocks(request: LabelRequest) -> list[Row]:
    """Return the two deadlines of a request that waits for the city: its own, which stops, and the law's."""
    if request.submitted_at is None or request.state in CLOSED:
        return []
    legal = long_date(request.legal_deadline)
    return _rows([(_("Délai de la ville"), _clock(request)), (_("Délai légal"), legal)])


def notified_holders(request: LabelRequest) -> list[Row]:
    """Return the holders that are told of a request, each with its data."""
    sent = dict(Notice.objects.filter(what=Told.HOLDER, subject_id=request.pk).values_list("mark", "at"))
    rows = []
    for one in holders.asked(request):
        at = sent.get(one.contact.holder.code)
        when = _("prévenu le %(day)s") % {"day": long_date(at)} if at else _("prévenu à l’envoi")
        rows.append({"label": str(one.contact.holder), "text": f"{', '.join(one.data)} : {when}"})
    return rows


def people(request: LabelRequest) -> list[Row]:
    """Return the agents of a request, for agents."""
    found = [(_("Instruit"), request.instructor.name if request.instructor else _("Personne encore"))]
    if request.decided_by:
        found.append((_("A décidé"), request.decided_by.name))
    return _rows(found)


def counts(request: LabelRequest) -> str:
    """Return in one sentence how far the review of the charter's requirements is."""
    seen = [Verdict(one.verdict) for one in request.reviews.all()]
    found = [(_("à examiner"), unreviewed(request))]
    found += [(str(one.label).lower(), seen.count(one)) for one in Verdict]
    words = ", ".join(_("%(what)s : %(count)s") % {"what": what, "count": count} for what, count in found if count)
    return words[:1].upper() + words[1:]


def description_rows(request: LabelRequest) -> list[Row]:
    service = request.service
    found = [
        (_("Ce qu’il fait"), service.summary),
        (_("Adresse"), service.url),
        (_("Prix"), service.price),
        (_("Politique de confidentialité"), request.privacy_url),
        (_("Hébergement"), request.hosting),
        (_("Sous-traitants"), request.subprocessors),
        (_("Contact pour les données"), request.data_contact),
        (_("Contact d’astreinte"), request.alert_contact),
    ]
    return _rows([(key, value or "–") for key, value in found])


def purposes(request: LabelRequest) -> list[dict[str, Any]]:
    """Return each purpose with the table of what it asks, for agents."""
    found = []
    for one in levels.purposes(request):
        rows = [*asked_rows(one), *written_rows(one)]
        found.append({"purpose": one, "rows": rows, "keeping": registry.keeping(one.keep_days)})
    return found


def reviews(request: LabelRequest, *, instructor: bool) -> list[dict[str, Any]]:
    """Return the requirements for agents: the answer, and what the instructor found."""
    said = {one.criterion_id: one for one in request.answers.all()}
    seen = {one.criterion_id: one for one in request.reviews.all()}
    rows = []
    for criterion in levels.criteria(request):
        answer, review = said.get(criterion.pk), seen.get(criterion.pk)
        row = {
            "name": f"{criterion.code}. {criterion.words}",
            "hint": f"{answer.get_verdict_display()}. {answer.text}" if answer else "",
            "tag": unbroken(review.get_verdict_display() if review else _("À\u00a0examiner")),
            "tag_kind": VERDICT_TAGS[Verdict(review.verdict)] if review else "",
        }
        href = reverse("labels:review", args=[request.pk, criterion.code])
        rows.append(row | ({"href": href} if instructor else {}))
    return rows


def unreviewed(request: LabelRequest) -> int:
    seen = {one.criterion_id for one in request.reviews.all()}
    return sum(one.pk not in seen for one in levels.criteria(request))


def inbox(found: Sequence[LabelRequest]) -> list[Row]:
    return [
        {
            "label": f"{one.service.name}, {one.number}",
            "text": _inbox_text(one),
            "href": reverse("labels:examine", args=[one.pk]),
            "tag": str(State(one.state).label),
            "tag_kind": TAGS[State(one.state)],
        }
        for one in found
    ]


def changes(found: Sequence[LabelChange], reader: User) -> list[Row]:
    """Return the proposals that wait, with a link for those that the reader may decide."""
    rows = []
    for one in found:
        row = {
            "label": f"{one.get_what_display()} : {one.label.service.name}",
            "text": _("Par %(name)s, le %(day)s.") % {"name": one.proposed_by.name, "day": long_date(one.proposed_at)},
        }
        if one.proposed_by == reader:
            row |= {"tag": _("Attend une autre personne"), "tag_kind": "soon"}
        else:
            row |= {"href": reverse("labels:decide_change", args=[one.pk])}
        rows.append(row)
    return rows


def letters(label: Label) -> list[Row]:
    """Return the letters about a label, newest first: those of its changes, then that of its request."""
    agreed = label.changes.filter(agreed=True).order_by("-decided_at")
    rows = [
        {
            "label": f"{one.get_what_display()} (PDF)",
            "text": long_date(one.decided_at),
            "href": reverse("labels:change_letter", args=[one.pk]),
        }
        for one in agreed
    ]
    granted = {
        "label": _("Demande acceptée (PDF)"),
        "text": long_date(label.valid_from),
        "href": reverse("labels:letter", args=[label.request_id]),
    }
    return [*rows, granted]


def change_rows(change: LabelChange, *, names: bool = True) -> list[Row]:
    """Return a proposal, for the second agent or, without names, for the publisher."""
    found = [(_("Ce qui changerait"), str(change.get_what_display())), (_("Service"), change.label.service.name)]
    if names:
        found.append((_("Proposé par"), change.proposed_by.name))
    found.append((_("Raisons"), change.reasons))
    if change.answer:
        found.append((_("Réponse de l’éditeur"), change.answer))
    elif change.answer_until:
        found.append((_("L’éditeur peut répondre"), _("jusqu’au %(day)s") % {"day": long_date(change.answer_until)}))
    return _rows(found)


def complaints(found: Sequence[Complaint], reader: User) -> list[Row]:
    """Return the complaints that the reader may answer: those about services of publishers they are not behind."""
    behind = perms.find_behind(*{one.service.publisher_id for one in found})
    return [
        {
            "label": f"{one.service.name} : {str(one.get_about_display()).lower()}",
            "text": _("Du %(day)s. Réponse due le %(due)s.")
            % {"day": long_date(one.created_at), "due": long_date(one.created_at + ANSWERED_WITHIN)},
            "href": reverse("labels:answer_complaint", args=[one.pk]),
            **({"tag": _("En retard"), "tag_kind": "expired"} if one.is_late else {}),
        }
        for one in found
        if reader.pk not in behind[one.service.publisher_id]
    ]


def labels(found: Sequence[Label]) -> list[Row]:
    return [
        row | {"href": reverse("labels:follow", args=[one.pk])}
        for one, row in zip(found, registry.rows(found), strict=True)
    ]


def _rows(found: Sequence[tuple[str, str]]) -> list[Row]:
    return [{"key": key, "value": value} for key, value in found]


def may_write(request: LabelRequest) -> bool:
    return request.state in WRITABLE


def _inbox_text(one: LabelRequest) -> str:
    who = one.instructor.name if one.instructor else _("personne ne l’instruit")
    return _("Par %(publisher)s. Instruction : %(who)s. Délai : %(clock)s.") % {
        "publisher": one.service.publisher.name,
        "who": who,
        "clock": _clock(one),
    }


def _clock(request: LabelRequest) -> str:
    deadline = request.city_deadline
    if deadline is None:
        return "–"
    if request.waiting_since:
        return _("arrêté depuis le %(day)s") % {"day": long_date(request.waiting_since)}
    late = timezone.now() > deadline
    return (_("dépassé depuis le %(day)s") if late else long_date(deadline)) % {"day": long_date(deadline)}


def _moment(at: datetime) -> str:
    return _("%(day)s à %(hour)s") % {"day": long_date(at), "hour": clock(at)}


def _done(done: bool) -> Row:
    return {"tag": _("Fait"), "tag_kind": "ok"} if done else {"tag": unbroken(_("À faire")), "tag_kind": "soon"}
