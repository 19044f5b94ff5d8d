"""Places where residents are received. No account is needed, and nothing of what is searched is kept."""

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from services.places import dataset, hours, presenting
from services.places.forms import SearchForm
from services.places.models import Place

A_PAGE = 25
#: A list up to this length needs no search.
SHORT = 10
MAP = "https://www.openstreetmap.org/"


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    places = presenting.standing()
    form = SearchForm(request.GET, places)
    found = presenting.search(places, **form.asked())
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    kept = request.GET.copy()
    kept.pop("page", None)
    context: dict[str, Any] = {
        "filters": form if len(places) > SHORT else None,
        "known": len(places),
        "page": page,
        "query": kept.urlencode(),
        "lines": [one.line() for one in page],
    }
    return render(request, "places/home.html", context)


@login_not_required
@require_safe
def place(request: HttpRequest, place_id: str) -> HttpResponse:
    one = get_object_or_404(Place, pk=place_id, withdrawn_at=None)
    now, today = timezone.now(), timezone.localdate()
    state = hours.state(one.hours, now)
    note = one.note_en if get_language() == "en" and one.note_en else one.note
    context = {
        "place": one,
        "note": note,
        "found": presenting.Found(one, state, None),
        "sentence": presenting.sentence(state),
        "address": presenting.address(one),
        "languages": presenting.languages(one),
        "week": hours.week(one.hours, today) if state is not None else [],
        "map": f"{MAP}?mlat={one.latitude}&mlon={one.longitude}#map=17/{one.latitude}/{one.longitude}",
    }
    return render(request, "places/place.html", context)


@login_not_required
@require_safe
def as_json(_request: HttpRequest) -> HttpResponse:
    return JsonResponse(dataset.written(presenting.standing()), safe=False, json_dumps_params={"ensure_ascii": False})


@login_not_required
@require_safe
def as_csv(_request: HttpRequest) -> HttpResponse:
    answer = HttpResponse(dataset.as_csv(presenting.standing()), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="lieux.csv"'
    return answer
