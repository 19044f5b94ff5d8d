"""Public pages and files of results. They show frozen publications and read nothing of a resident."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from campaigns.contributions import freezing
from campaigns.plans.models import Campaign
from campaigns.plans.presenting import ways
from campaigns.results import published as found
from campaigns.results.files import keeping, making
from campaigns.results.presenting import figures, finding, sections, windows
from campaigns.results.published import Published
from core.journal import signed_notes

A_PAGE = 100
#: Files do not change: a cache may keep them for a day. A signed-in visitor's browser keeps none.
DAY = 86_400


@login_not_required
@require_safe
def latest(request: HttpRequest, code: str) -> HttpResponse:
    """Show the last publication that has figures, or say when there will be one."""
    campaign = _campaign(code)
    publications = found.all_of(campaign)
    shown = [one for one in publications if one.has_figures]
    if not shown:
        context = {"title": _title(campaign), "why": finding.none_yet(publications, campaign.plan)}
        return render(request, "results/none.html", context)
    return _page(request, shown, shown[-1])


@login_not_required
@require_safe
def window(request: HttpRequest, code: str, window: str) -> HttpResponse:
    shown, one = _published(code, window)
    return _page(request, shown, one)


@login_not_required
@require_safe
def method(request: HttpRequest, code: str, window: str) -> HttpResponse:
    """Show how the figures were protected: the registry's sheet, the answers to NIST SP 800-226, how to verify."""
    _shown, one = _published(code, window)
    sheet = one.statements["deployment"]
    groups = [{"name": name, "rows": [*_flat(content)]} for name, content in sheet.items()]
    context = {
        "published": one,
        "facts": finding.facts(one),
        "groups": groups,
        "answers": one.statements["nist_sp_800_226"],
        "file": f"{one.plan.code}-{one.window}.json",
        "keys": signed_notes.public_keys(freezing.log_name()),
    }
    return render(request, "results/method.html", context)


@login_not_required
@require_safe
def table(request: HttpRequest, code: str, window: str, table: str) -> HttpResponse:
    """Show all cells of a table as published, in pages."""
    _shown, one = _published(code, window)
    found = one.table(table)
    if found is None:
        raise Http404
    page = Paginator(sections.every_line(one, found), A_PAGE).get_page(request.GET.get("page"))
    section, head = sections.section(one, found), sections.plain_head(one, found)
    context = {
        "published": one,
        "section": section,
        "heads": [
            section.table_heads[0],
            {"label": head, "num": True},
            section.table_heads[2],
        ],
        "rows": [sections.row_of(line) for line in page],
        "page": page,
    }
    return render(request, "results/table.html", context)


@login_not_required
@xframe_options_exempt
@csp({"default-src": [NONE], "style-src": [SELF], "font-src": [SELF], "frame-ancestors": ["*"]})  # type: ignore[arg-type]  # its types know no parts of URLs
@require_safe
def embed(request: HttpRequest, code: str, window: str) -> HttpResponse:
    """Show the drawings alone, for a frame on any site: no script, no form, nothing of the visitor."""
    _shown, one = _published(code, window)
    context = {"published": one, "title": finding.title(one), "sections": sections.of(one)}
    return render(request, "results/embed.html", context)


@login_not_required
@cache_control(public=True, max_age=DAY)
@require_safe
def file(request: HttpRequest, code: str, window: str, name: str) -> HttpResponse:
    """Return a file of a publication. Its entity tag is of the file's name and the publication's hash."""
    _shown, one = _published(code, window)
    kind = making.KINDS.get(name)
    if kind is None:
        raise Http404
    tag = f'"{one.sha256[:32]}-{name}"'
    if tag in request.headers.get("If-None-Match", ""):
        return HttpResponseNotModified(headers={"ETag": tag})
    filename = f"{one.plan.code}-{one.window}.{name}"
    return HttpResponse(
        keeping.content(one, kind),
        content_type=kind.content_type,
        headers={
            "ETag": tag,
            "Content-Disposition": f'attachment; filename="{filename}"',
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )


@login_not_required
@require_safe
@cache_control(max_age=DAY)
def download_verifier(_request: HttpRequest) -> HttpResponse:
    """Give the program that verifies a publication without Garant."""
    path = Path(making.__file__).with_name("verify_publication.py")
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return HttpResponse(path.read_bytes(), content_type="text/x-python; charset=utf-8", headers=headers)


def _page(request: HttpRequest, shown: list[Published], one: Published) -> HttpResponse:
    before = shown[: shown.index(one) + 1]
    title = finding.title(one)
    context: dict[str, Any] = {
        "published": one,
        "title": title,
        "lede": finding.lede(one),
        "kicker": finding.kicker(one),
        "tab": f"{title}. {finding.name_window(one)}",
        "facts": finding.facts(one),
        "sections": sections.of(one),
        "series": windows.compared(before),
        "files": [{"name": kind.name, "size": len(keeping.content(one, kind))} for kind in making.KINDS.values()],
        "others": [{"published": other, "name": finding.name_window(other)} for other in shown if other is not one],
        "embed": request.build_absolute_uri(reverse("results:embed", args=[one.plan.code, one.window])),
        "signature": one.sha256[:16],
        "ways": ways.of(_campaign(one.plan.code), without="results"),
    }
    return render(request, "results/results.html", context)


def _campaign(code: str) -> Campaign:
    campaign = found.campaign(code)
    if campaign is None:
        raise Http404
    return campaign


def _published(code: str, window: str) -> tuple[list[Published], Published]:
    shown = found.with_figures(_campaign(code))
    one = next((each for each in shown if each.window == window), None)
    if one is None:
        raise Http404
    return shown, one


def _title(campaign: Campaign) -> str:
    return campaign.plan.title.in_language(figures.language())


def _flat(content: dict[str, Any]) -> Iterator[dict[str, str]]:
    for name, value in content.items():
        text = ", ".join(f"{one}: {each}" for one, each in value.items()) if isinstance(value, dict) else value
        yield {"key": name, "value": ", ".join(map(str, text)) if isinstance(text, list) else str(text)}
