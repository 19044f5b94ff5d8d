"""The trials of a program, in words."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from certification.developers.actions.trials import issuer_of
from certification.developers.models import Scenario, Trial
from certification.developers.models.trials import AFTER_A_REFUSAL
from certification.labels.checks.sentences import NAMES
from vault.records.enums import Outcome

#: What a program must do, by trial.
EXPECTED: dict[str, Promise] = {
    Scenario.SOUND: gettext_lazy("Votre programme échange le code, puis lit."),
    Scenario.STATE: gettext_lazy("Votre programme n’échange pas le code."),
    Scenario.ISSUER: gettext_lazy("Votre programme n’échange pas le code."),
    Scenario.TOKEN_ERROR: gettext_lazy("Votre programme s’arrête à l’erreur, et ne lit rien."),
    Scenario.REPLAY: gettext_lazy("Votre programme n’envoie un code qu’une fois, même refusé."),
    Scenario.NARROWED: gettext_lazy("Votre programme ne sait pas qui s’est connecté, et ne lit rien."),
    Scenario.REVOKED: gettext_lazy("Votre programme s’arrête au premier refus (401)."),
}
REFUSES = gettext_lazy("Votre programme échange le code, refuse le jeton, et ne lit rien.")
TAGS = {
    Outcome.PASSED: (gettext_lazy("Réussie"), "ok"),
    Outcome.FAILED: (gettext_lazy("Échouée"), "bad"),
    Outcome.INCONCLUSIVE: (gettext_lazy("À faire"), "neutral"),
}


def summary(trials: Sequence[Trial], now: datetime) -> str:
    outcomes = [one.outcome(now) for one in trials]
    if not trials:
        return ""
    if Outcome.FAILED in outcomes:
        return _("Votre programme se laisse tromper. Corrigez-le, puis recommencez.")
    done = outcomes.count(Outcome.PASSED)
    if done == len(trials):
        return _("Votre programme résiste à un serveur hostile.")
    return _("Épreuves réussies : %(done)s sur %(count)s.") % {"done": done, "count": len(trials)}


def lines(trials: Iterable[Trial], now: datetime) -> list[dict[str, object]]:
    order = list(Scenario.values)
    return [_line(one, now) for one in sorted(trials, key=lambda one: order.index(one.scenario))]


def _line(trial: Trial, now: datetime) -> dict[str, object]:
    tag, kind = TAGS[trial.outcome(now)]
    return {
        "label": trial.get_scenario_display(),
        "text": _seen(trial) or str(EXPECTED.get(trial.scenario, REFUSES)),
        "issuer": issuer_of(trial),
        "tag": tag,
        "tag_kind": kind,
    }


def _seen(trial: Trial) -> str:
    """Return what went wrong, if something did."""
    if trial.lacking:
        return _("Il manque : %(lacking)s.") % {"lacking": ", ".join(str(NAMES[one]) for one in trial.lacking)}
    if trial.scenario not in AFTER_A_REFUSAL and trial.used_at:
        return _("Votre programme a accepté le jeton, et s’en est servi.")
    if trial.scenario in (Scenario.STATE, Scenario.ISSUER) and trial.exchanged_at:
        return _("Votre programme a échangé le code d’un retour qui n’était pas pour lui.")
    return ""
