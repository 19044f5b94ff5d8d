"""The page of one form, for publishers and agents."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render


def sent(request: HttpRequest) -> QueryDict | None:
    """Return what a form was sent with, or None to show it empty."""
    return request.POST if request.method == "POST" else None


def ask(
    request: HttpRequest,
    form: BaseForm,
    act: Callable[[dict[str, Any]], object],
    *,
    heading: str,
    button: str,
    back: str,
    then: str | Callable[[Any], str] = "",
    said: str = "",
    **shown: object,
) -> HttpResponse:
    """Show a form. Once it is valid, act on its data, say so, and go on.

    Args:
        act: gets the form's data. A `ValidationError` that it raises is shown in the form, with its fields.
        back: the page before, and the next one too if `then` names no other.
        then: the next page's URL, or a function that makes it of what `act` returned.
        shown: more of the template's context: `hint`, `rows`, `kind` of the button.
    """
    if request.method == "POST" and form.is_valid():
        try:
            done = act(form.cleaned_data)
        except ValidationError as problem:
            form.add_error(None, problem)
        else:
            if said:
                messages.success(request, said)
            return redirect(then(done) if callable(then) else then or back)
    context = {"form": form, "heading": heading, "button": button, "back": back, **shown}
    return render(request, "labels/form.html", context)
