from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect

from accounts.sign_in import reauthentication

View = Callable[..., HttpResponseBase]


def recently_authenticated(view: View) -> View:
    """Guard a sensitive act: who signed in more than ten minutes ago says again who they are, then comes back.

    Put it on the page that asks (GET) as well as on the act (POST): a POST that is refused returns to the page of its form.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if reauthentication.was_recent(request):
            return view(request, *args, **kwargs)
        answer: HttpResponse = redirect(reauthentication.page(request))
        return answer

    return guarded


def companions_only(view: View) -> View:
    """A page for companions: the middleware refuses it to everyone else, residents and agents included."""
    view.companions_only = True  # type: ignore[attr-defined]  # a mark, as Django's own login_required
    return view


def agents_only(view: View) -> View:
    """A page for agents outside the admin: the middleware refuses it to everyone else."""
    view.agents_only = True  # type: ignore[attr-defined]  # a mark, as above
    return view
