from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port

View = Callable[..., HttpResponse]


class AdminHostMiddleware:
    """Restrict the admin to `ADMIN_HOST`, if it is set, so that a city can keep it inside its own network."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[object, ...],
        kwargs: dict[str, object],
    ) -> None:
        match = request.resolver_match
        if settings.ADMIN_HOST and match is not None and "admin" in match.namespaces:
            host, _port = split_domain_port(request.get_host())
            if host != settings.ADMIN_HOST:
                raise Http404
