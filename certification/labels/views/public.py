"""Public pages: the charter, the register of labels, the catalogue of services. They hold no personal data."""

import csv
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import get_language, gettext_noop
from django.views.decorators.http import require_safe

from accounts.perms import owns_a_vault
from certification.labels.enums import PREFIX, LabelState
from certification.labels.forms import CatalogueForm, RegistryForm
from certification.labels.models import CharterVersion, Label
from certification.labels.presenting import registry as words
from certification.labels.presenting import wallets, wording
from core.files.csv_cells import harmless
from vault.records import gate
from vault.records.gate import passing_on
from vault.records.grants import agreements, receipts
from vault.records.values.decrypted import Values
from vault.sharing.presenting.household import values_by_item

#: As the journal says it: the resident looks at what a service may ask for.
LOOKING = gettext_noop("Vous montrer ce qu’un service demande")

A_PAGE = 25
#: Services of a catalogue that needs no search.
WITHOUT_FILTERS = 10


@login_not_required
@require_safe
def charter(request: HttpRequest) -> HttpResponse:
    """Show the version in force, or that the city has none yet."""
    return _charter(request, CharterVersion.objects.current())


@login_not_required
@require_safe
def charter_version(request: HttpRequest, number: int) -> HttpResponse:
    return _charter(request, get_object_or_404(CharterVersion.objects.published(), number=number))


@login_not_required
@require_safe
def charter_json(request: HttpRequest, number: int) -> HttpResponse:
    """Return a version with its hash and its signatories. Its hash is over `text`, in canonical JSON."""
    found = get_object_or_404(CharterVersion.objects.published(), number=number)
    signatures = [
        {"kind": one.kind, "name": one.name, "reservations": one.reservations, "signed_on": one.signed_on.isoformat()}
        for one in found.signatures.all()
    ]
    content = {
        "text": found.as_json(),
        "sha256": found.sha256,
        "published_at": found.published_at.isoformat() if found.published_at else None,
        "signatures": signatures,
    }
    return _json(content)


@login_not_required
@require_safe
def registry(request: HttpRequest) -> HttpResponse:
    """List the labels, then the last decisions. Above a few labels, a search leaves lines out of both."""
    every = words.labels()
    form = RegistryForm(request.GET) if len(every) > WITHOUT_FILTERS else None
    searched = form if form is not None and form.is_valid() else None
    found = [one for one in every if searched.keeps(one)] if searched else every
    decided = words.decisions(searched.keeps_decision if searched else None)
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": words.rows(list(page)),
        "tally": words.tally(every),
        "decisions": [words.row_of(one) for one in decided],
        "filters": form,
        "query": urlencode({name: request.GET.get(name, "") for name in ("q", "state")}) if searched else "",
        "wording": wording.now(),
    }
    return render(request, "labels/registry.html", context)


@login_not_required
@require_safe
def registry_json(request: HttpRequest) -> HttpResponse:
    """Return every label with its frozen text and its history. A label that ended stays: absence means nothing."""
    return _json(words.whole())


@login_not_required
@require_safe
def registry_jws(request: HttpRequest) -> HttpResponse:
    """Return the same as a JWS, signed with the key of receipts (`/.well-known/jwks.json`); without a key, a 404."""
    try:
        signed = receipts.sign({"iss": settings.SITE_URL, **words.whole()}, kind="label-register+jws")
    except receipts.NoKey:
        raise Http404 from None
    return HttpResponse(signed, content_type="application/jose")


@login_not_required
@require_safe
def registry_wallets(request: HttpRequest) -> HttpResponse:
    """Return the register in the shape of that of the European wallet's relying parties (TS5)."""
    return _json({"wrp": wallets.relying_parties(words.labels())})


@login_not_required
@require_safe
def registry_feed(request: HttpRequest) -> HttpResponse:
    """Return the last decisions as an Atom feed, newest first. The number of a decision never changes."""
    found, site = words.decisions(), settings.SITE_URL.rstrip("/")
    feed = Atom1Feed(
        title=str(wording.now().registry),
        link=site + reverse("labels:registry"),
        description="",
        feed_url=site + reverse("labels:registry_feed"),
        language=get_language(),
    )
    for one in found:
        said = words.row_of(one)
        number = one.content.get("label")
        feed.add_item(
            title=said["label"],
            link=site + (reverse("labels:label", args=[number]) if number else reverse("labels:registry")),
            description=said["text"],
            unique_id=f"{site}{reverse('labels:registry')}#{one.number}",
            pubdate=one.at,
            updateddate=one.at,
        )
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


@login_not_required
@require_safe
def registry_csv(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="labels.csv"'
    writer = csv.writer(response)
    writer.writerow(words.COLUMNS)
    for one in words.labels():
        writer.writerow([harmless(cell) for cell in words.as_cells(one)])
    return response


@login_not_required
@require_safe
def label(request: HttpRequest, number: str) -> HttpResponse:
    """Show a label; to a signed-in resident, with today's values, which is one line of their journal."""
    found = get_object_or_404(Label.objects.select_related("service__publisher"), number=number)
    active = found.state == LabelState.ACTIVE
    resident_id = request.user.pk if active and owns_a_vault(request) else None
    held = _held(resident_id, found) if resident_id else None
    context = {
        "label": found,
        "text": found.text,
        "until": words.until(found),
        "asked": list(words.asked(found, held)),
        "held": held is not None,
        "facts": words.facts(found),
        "history": words.history(found),
        "wording": wording.now(),
        "tag_kind": words.TAGS[found.state],
        "active": active,
    }
    return render(request, "labels/label.html", context)


def _held(resident_id: UUID, label: Label) -> dict[str, str]:
    """Return the resident's own values of today that a label's service may ask for, in words, by field."""
    purposes = [agreements.get(f"{PREFIX}:{UUID(one['id']).hex}") for one in label.text["purposes"]]
    items = [item for purpose in purposes for item in purpose.items]
    fields = dict.fromkeys(field for item in items for field in item.fields)
    opened = gate.read_own(resident_id=resident_id, purpose=LOOKING, fields=[*fields])
    values = passing_on.Terms().part(Values([record for record in opened if record.person == resident_id]))
    return {code: text for purpose in purposes for code, text in values_by_item(purpose, values).items()}


@login_not_required
@require_safe
def check(request: HttpRequest) -> HttpResponse:
    """Answer whether a label in force lets a service ask a field, or a kind of paper, for a purpose.

    The purpose is the id of a version, as the register's JSON gives it. Nothing here is about a resident.
    """
    asked = {name: request.GET.get(name, "") for name in ("label", "purpose", "ask")}
    found = Label.objects.filter(number=asked["label"]).first()
    if found is None:
        return _json({"allowed": False, "why": "no_such_label"}, status=404)
    if not Label.objects.in_force().filter(pk=found.pk).exists():
        return _json({"allowed": False, "why": found.state.value})
    purposes = [one for one in found.text["purposes"] if one["id"] == asked["purpose"]]
    names = {one.get("field") or one.get("kind") for purpose in purposes for one in _asks(purpose)}
    if asked["ask"] not in names:
        return _json({"allowed": False, "why": "not_in_the_label" if purposes else "no_such_purpose"})
    return _json({"allowed": True, "valid_until": found.valid_until.isoformat()})


@login_not_required
@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """List the services by name, and by nothing else."""
    found: dict[Any, Label] = {}
    for one in Label.objects.listed().select_related("service__publisher").order_by("service__name", "-valid_from"):
        found.setdefault(one.service_id, one)
    cards: list[dict[str, Any]] = [
        {
            "label": one,
            "service": one.text["service"],
            "publisher": one.text["publisher"]["name"],
            "asks": words.names_asked(one),
        }
        for one in found.values()
    ]
    filters = CatalogueForm(request.GET) if len(cards) > WITHOUT_FILTERS else None
    if filters is not None and filters.is_valid():
        cards = [one for one in cards if filters.keeps(one)]
    return render(request, "labels/catalogue.html", {"cards": cards, "filters": filters, "wording": wording.now()})


def _charter(request: HttpRequest, found: CharterVersion | None) -> HttpResponse:
    if found is None:
        return render(request, "labels/no_charter.html")
    context = {
        "charter": found,
        "groups": words.criteria(found),
        "signatures": [
            {
                "label": one.name,
                "text": " ".join(filter(None, [str(one.get_kind_display()) + ".", one.reservations])),
            }
            for one in found.signatures.all()
        ],
        "others": CharterVersion.objects.published().exclude(pk=found.pk),
    }
    return render(request, "labels/charter.html", context)


def _asks(purpose: dict[str, Any]) -> list[dict[str, Any]]:
    return [*purpose["fields"], *purpose["papers"]]


def _json(content: dict[str, Any], status: int = 200) -> JsonResponse:
    return JsonResponse(content, status=status, json_dumps_params={"ensure_ascii": False})
