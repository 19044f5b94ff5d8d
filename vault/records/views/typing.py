"""Typed values: one question per page, with who asks for it and why.

Each may be skipped, and the resident checks them all at the end.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import SignedInRequest
from vault import types
from vault.records import actions, gate, wording
from vault.records.enums import Role
from vault.records.forms.questions import ItemForm, QuestionForm, WhoForm
from vault.records.models import Draft, Paper, Record
from vault.records.values import persons, questions
from vault.records.values.persons import Person
from vault.types.plausible import Doubts

#: In the URL of a list's question: the resident said that there is something to list.
MORE = "ajouter"
ADULTS = "allocataires"
PREPARE = gettext_noop("Préparer les questions à vous poser")
COMPARE = gettext_noop("Vérifier une réponse avec les personnes de votre foyer")


@require_safe
def choose_type(request: SignedInRequest) -> HttpResponse:
    """List what may be typed, by theme. The search is among the names of types and fields, never among values."""
    search = request.GET.get("q", "").strip()[:60]
    themes: dict[str, list[dict[str, str]]] = {}
    for data_type in questions.typed_types():
        if wording.type_matches(data_type, search):
            line = {"label": data_type.title, "href": reverse("records:start_typing", args=[data_type.code])}
            themes.setdefault(data_type.theme_label, []).append(line)
    context = {
        "themes": [
            {"name": name, "gist": ", ".join(line["label"] for line in lines), "lines": lines}
            for name, lines in themes.items()
        ],
        "search": search,
        "count": sum(len(lines) for lines in themes.values()),
    }
    return render(request, "records/choose_type.html", context)


@require_http_methods(["GET", "POST"])
def start(request: SignedInRequest, type_code: str) -> HttpResponse:
    """Start a draft. `champs` narrows the questions, `papier` names the proof, `suite` is the page that follows.

    One question about a record that the vault has opens that question.
    """
    if not questions.is_typed(type_code):
        raise Http404
    if (address := _own_question(request, type_code)) is not None:
        return redirect(address)
    people = _people(request) if questions.asks_whose(type_code) else []
    form = WhoForm(people, request.POST or None, initial=_asked_person(request, people)) if len(people) > 1 else None
    if request.method == "POST" and (form is None or form.is_valid()):
        draft = _start(request, type_code, form.chosen if form else None)
        return redirect(_next(draft))
    data_type = types.get(type_code)
    info = next(iter(data_type.fields.values()))
    count = len(questions.names(type_code, only=_only(request)))
    return render(
        request, "records/start_typing.html", {"type": data_type, "info": info, "form": form, "count": count}
    )


@require_http_methods(["GET", "POST"])
def question(request: SignedInRequest, draft_id: UUID, name: str) -> HttpResponse:
    draft = get_object_or_404(Draft.objects.all(), pk=draft_id)
    opened = actions.open_draft(draft)
    if name not in opened.names:
        raise Http404
    info = questions.field(draft.type, name)
    if "skip" in request.POST:
        actions.answer(draft=draft, by=request.user.pk, name=name, value=None)
        return redirect(_next(draft))
    if info.items:
        return _list_question(request, draft, opened, name)
    doubting = doubts_finder(request, info, draft.person or request.user.pk)
    form = QuestionForm(info, request.POST or None, current=opened.answers.get(name), find_doubts=doubting)
    if request.method == "POST" and form.is_valid():
        actions.answer(draft=draft, by=request.user.pk, name=name, value=form.answer)
        return redirect(_next(draft))
    return render(request, "records/question.html", _page(draft, opened, name) | {"form": form})


@require_http_methods(["GET", "POST"])
def check_answers(request: SignedInRequest, draft_id: UUID) -> HttpResponse:
    draft = Draft.objects.select_related("paper").filter(pk=draft_id).first()
    if draft is None:
        return redirect("records:history", record_id=get_object_or_404(Record.objects.all(), pk=draft_id).pk)
    opened = actions.open_draft(draft)
    problems: Sequence[str] = []
    replaced: Record | None = None
    if request.method == "POST":
        replaces, beside = request.POST.get("replaces", ""), "beside" in request.POST
        try:
            record = actions.finish_draft(draft=draft, by=request.user.pk, replaces=replaces, beside=beside)
        except actions.Invalid as error:
            problems = error.problems
        except actions.Replaces as found:
            replaced = found.record
        except actions.Superseded:
            raise Http404 from None
        else:
            messages.success(request, _("C’est rangé dans votre coffre."))
            return redirect(opened.after or reverse("records:history", args=[record.pk]))
    context: dict[str, Any] = {
        "draft": draft,
        "type": types.get(draft.type),
        "rows": _answers(draft, opened),
        "problems": [{"text": problem} for problem in problems],
        "back": _url(draft, opened.names[-1]),
        "empty": not opened.answers,
        "replaced": replaced,
    }
    return render(request, "records/check_answers.html", context, status=HTTPStatus.CONFLICT if replaced else None)


@require_POST
def drop(request: SignedInRequest, draft_id: UUID) -> HttpResponse:
    draft = get_object_or_404(Draft.objects.all(), pk=draft_id)
    actions.drop_draft(draft=draft, by=request.user.pk)
    messages.info(request, _("Rien n’a été rangé."))
    return redirect("records:home")


def _list_question(request: SignedInRequest, draft: Draft, opened: actions.DraftOpened, name: str) -> HttpResponse:
    """Ask for a list, one item at a time.

    “Continuer” adds the item typed, if there is one: no button discards it.
    """
    info = questions.field(draft.type, name)
    items = list(opened.answers.get(name) or [])
    if "remove" in request.POST and request.POST["remove"].isdecimal():
        items = [item for place, item in enumerate(items) if place != int(request.POST["remove"])]
        actions.answer(draft=draft, by=request.user.pk, name=name, value=items)
        return redirect(_url(draft, name))
    typed = _is_typed(request, info)
    form = ItemForm(info, request.POST if "add" in request.POST or typed else None)
    if draft.type == persons.HOUSEHOLD:
        form.find_doubts = _find_doubts_of_item(draft, opened, name, form)
    if form.is_bound and form.is_valid():
        # The same person sent twice is one person; two equal amounts may be two payments.
        again = "prenoms" in form.item and form.item in items
        items = items if again else [*items, form.item]
        actions.answer(draft=draft, by=request.user.pk, name=name, value=items)
        return redirect(_next(draft) if "continue" in request.POST else _url(draft, name))
    if "continue" in request.POST and not typed:
        actions.answer(draft=draft, by=request.user.pk, name=name, value=items)
        return redirect(_next(draft))
    context = _page(draft, opened, name) | {"hint": info.hint, "items": [_item_words(info, item) for item in items]}
    if info.any and not form.is_bound and MORE not in request.GET and not _has_others(name, items):
        return render(request, "records/question_any.html", context | {"title": info.any, "more": f"?{MORE}=1"})
    return render(request, "records/question_list.html", context | {"form": form})


def doubts_finder(request: SignedInRequest, info: types.FieldInfo, person: UUID) -> Callable[[Any], Doubts] | None:
    """Return what compares an answer with the people of the vault, or None if the answer says nothing of them."""
    if request.method != "POST" or info.id not in persons.COMPARED:
        return None
    me = request.user.pk
    values = gate.read_own(resident_id=me, purpose=COMPARE, fields=persons.RELATED)
    known = persons.related_payloads(values, resident_id=me)
    place, name = (info.type, person), info.pointer[1:]
    return lambda value: persons.find_doubts(known, resident_id=me, place=place, name=name, value=value)


def _find_doubts_of_item(
    draft: Draft, opened: actions.DraftOpened, name: str, form: ItemForm
) -> Callable[[Any], Doubts]:
    me, items = draft.resident_id, list(opened.answers.get(name) or [])
    place = (persons.HOUSEHOLD, me)
    known = {place: opened.answers}
    return lambda _born: persons.find_doubts(known, resident_id=me, place=place, name=name, value=[*items, form.item])


def _is_typed(request: SignedInRequest, info: types.FieldInfo) -> bool:
    """Return whether the resident typed something of an item. A date has three inputs."""
    names = tuple(f"{name}" for name in ItemForm(info).fields)
    return any(str(value).strip() for key, value in request.POST.items() if key.startswith(names))


def _has_others(name: str, items: Sequence[Any]) -> bool:
    """Return whether the list has an item besides the resident, who is among the adults of the household."""
    return len(items) > (1 if name == ADULTS else 0)


def _item_words(info: types.FieldInfo, item: dict[str, Any]) -> str:
    values = [
        wording.format_value(inner, item[key])
        for key, inner in info.items.items()
        if key in item and key not in ("id", "cog_naissance")
    ]
    return ", ".join(values)


def _people(request: SignedInRequest) -> list[Person]:
    values = gate.read_own(resident_id=request.user.pk, purpose=PREPARE, fields=persons.FIELDS)
    return persons.persons(values, resident_id=request.user.pk)


def _asked_person(request: SignedInRequest, people: Sequence[Person]) -> dict[str, str]:
    asked = request.GET.get("personne", "")
    return {"person": asked} if any(str(person.id) == asked for person in people) else {}


def _start(request: SignedInRequest, type_code: str, person: Person | None) -> Draft:
    return actions.start_draft(
        resident_id=request.user.pk,
        by=request.user.pk,
        type=type_code,
        person=person.id if person else None,
        role=person.role if person else Role.SELF,
        paper=_paper(request),
        only=_only(request),
        answers=_known_answers(request, type_code),
        after=next_page(request),
    )


def next_page(request: SignedInRequest) -> str:
    """Return `suite` of the URL if it is a page of this portal, else ""."""
    after = request.GET.get("suite", "")
    hosts = {request.get_host()}
    return after if url_has_allowed_host_and_scheme(after, hosts, require_https=request.is_secure()) else ""


def _own_question(request: SignedInRequest, type_code: str) -> str | None:
    """Return the page that corrects the one value asked for, if the vault has the record that lacks it."""
    only = _only(request)
    if len(only) != 1 or "papier" in request.GET or not types.get(type_code).rules.single:
        return None
    asked = request.GET.get("personne") or str(request.user.pk)
    held = Record.objects.current().filter(type=type_code).order_by("created_at")
    mine = [record for record in held if str(record.subject_person) == asked]
    if not mine or f"/{only[0]}" not in types.get(type_code).fields:
        return None
    query = urlencode({"champ": only[0], "suite": next_page(request)})
    return f"{reverse('records:correct', args=[mine[-1].pk])}?{query}"


def _paper(request: SignedInRequest) -> Paper | None:
    try:
        return Paper.objects.kept().filter(pk=UUID(request.GET.get("papier", ""))).first()
    except ValueError:
        return None


def _only(request: SignedInRequest) -> list[str]:
    return [name for name in request.GET.get("champs", "").split(",") if name]


def _known_answers(request: SignedInRequest, type_code: str) -> dict[str, Any]:
    """Return the household with the resident in it: nobody types their own name twice."""
    if type_code != persons.HOUSEHOLD:
        return {}
    myself = _people(request)[0]
    if not myself.family_name:
        return {}
    adult = {
        "id": str(myself.id),
        "nom_naissance": myself.family_name,
        "prenoms": myself.given_name,
        "sexe": myself.gender,
    }
    born = {"date_naissance": myself.birth_date.isoformat()} if myself.birth_date else {}
    return {"allocataires": [{name: value for name, value in {**adult, **born}.items() if value}]}


def _url(draft: Draft, name: str) -> str:
    return reverse("records:question", args=[draft.pk, name])


def _next(draft: Draft) -> str:
    """Return the URL of the first question without an answer. A prefilled list is shown once."""
    draft.refresh_from_db()
    following = actions.open_draft(draft).next_name
    return _url(draft, following) if following else reverse("records:check_answers", args=[draft.pk])


def _page(draft: Draft, opened: actions.DraftOpened, name: str) -> dict[str, Any]:
    place = list(opened.names).index(name)
    info = questions.field(draft.type, name)
    back = _url(draft, opened.names[place - 1]) if place else reverse("records:start_typing", args=[draft.type])
    return {
        "draft": draft,
        "type": types.get(draft.type),
        "info": info,
        "title": info.question,
        "step": place + 1,
        "steps": len(opened.names),
        "back": back,
        "required": info.required,
    }


def _answers(draft: Draft, opened: actions.DraftOpened) -> list[dict[str, str]]:
    return [
        {
            "key": questions.field(draft.type, name).label,
            "value": wording.format_value(questions.field(draft.type, name), opened.answers.get(name)),
            "href": _url(draft, name),
        }
        for name in opened.names
    ]
