"""An interview under way, kept in the session. The database cannot read it: only the cookie's key opens a session."""

from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Self

from django.utils import timezone

KEY: Final = "interview"
LASTS: Final = timedelta(hours=2)
# A visitor who asks to keep the answers has this long to sign in or to open a vault.
TO_SIGN_IN: Final = timedelta(minutes=30)
# A usual visit needs an estimate for each of fifteen answers, a result, and one for each correction: someone who tries
# several answers must not be stopped. Estimates leave twelve runs to results.
MOST_RUNS: Final = 36
MOST_ESTIMATES: Final = 24
MOST_ANSWERS: Final = 80
# Answers that another one decides: changing it drops them.
DEPENDENT: Final = {
    "activite": (
        "revenus",
        "mois",
        "avant",
        "invalidite",
        "ass",
        "deux_ans",
        "etudes",
        "etablissement",
        "parents_revenus",
    ),
    "revenus": ("mois", "avant"),
    "mois": ("avant",),
    "logement": ("loyer", "crous"),
    "nationalite": ("titre", "sejour"),
    "titre": ("sejour",),
    "grossesse": ("terme",),
    "handicap": ("rsdae",),
    "handicap_enfant": ("complement_aeeh",),
    "enfants": ("handicap_foyer", "pension_alimentaire", "seul_depuis", "garde"),
    "couple": ("handicap_foyer", "grossesse", "terme"),
    "rattachement": ("avis", "parts"),
}
# A question about a partner ends with this.
OF_PARTNER: Final = "-conjoint"
Session = MutableMapping[str, Any]


@dataclass(slots=True)
class Interview:
    """`answers` maps the name of each question passed to its answer, None if it is unknown or skipped.

    `owner` is the signed-in user, empty for a visitor. `set_aside` lists the vault's records that are no longer true,
    as the resident says. `wanted` is when a visitor asked to keep the answers in a vault.
    """

    started: str
    owner: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    set_aside: list[str] = field(default_factory=list)
    runs: int = 0
    estimate: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] = field(default_factory=dict)
    wanted: str = ""

    @classmethod
    def begin(cls, owner: str) -> Self:
        return cls(started=timezone.now().isoformat(), owner=owner)

    @property
    def day(self) -> date:
        """Return the day on which it began: an interview kept past midnight speaks of the same months."""
        return timezone.localdate(datetime.fromisoformat(self.started))

    @property
    def until(self) -> datetime:
        return datetime.fromisoformat(self.started) + LASTS

    def answer(self, name: str, value: Any) -> None:  # noqa: ANN401 - an answer as JSON
        """Keep an answer. A different one drops the answers that depended on the former."""
        if name in self.answers and self.answers[name] != value:
            for other in _dependent(name):
                self.answers.pop(other, None)
            if name == "couple":
                self.answers = {key: kept for key, kept in self.answers.items() if not key.endswith(OF_PARTNER)}
            if name == "enfants":
                self.answers = {key: kept for key, kept in self.answers.items() if not _of_child(key)}
        if name in self.answers or len(self.answers) < MOST_ANSWERS:
            self.answers[name] = value


def _dependent(name: str) -> list[str]:
    """Return the names of the answers about the same person that depend on this one."""
    key, dash, person = name.partition("-")
    found = [f"{other}{dash}{person}" for other in DEPENDENT.get(key, ())]
    return [*found, *(later for other in found for later in _dependent(other))]


def _of_child(name: str) -> bool:
    return "-enfant-" in name


def load(session: Session, owner: str) -> Interview | None:
    """Return the session's interview, unless it is over or another person's. What is not returned is erased."""
    kept = session.get(KEY)
    if kept is None:
        return None
    try:
        interview = Interview(**kept)
    except TypeError:  # kept by another version of the portal
        erase(session)
        return None
    if timezone.now() >= interview.until or not _is_of(interview, owner):
        erase(session)
        return None
    if interview.owner != owner:
        interview.owner = owner
        save(session, interview)
    return interview


def save(session: Session, interview: Interview) -> None:
    session[KEY] = asdict(interview)


def erase(session: Session) -> None:
    session.pop(KEY, None)


def _is_of(interview: Interview, owner: str) -> bool:
    """Return True for their own interview, or a visitor's who asked to keep it and has just signed in."""
    return interview.owner == owner or (not interview.owner and bool(owner) and is_wanted(asdict(interview)))


def is_over(kept: dict[str, Any]) -> bool:
    return timezone.now() >= datetime.fromisoformat(kept["started"]) + LASTS


def is_wanted(kept: dict[str, Any]) -> bool:
    """Return True if a visitor asked to keep these answers and may still sign in. Sign-in drops all others."""
    return bool(kept.get("wanted")) and timezone.now() < datetime.fromisoformat(kept["wanted"]) + TO_SIGN_IN
