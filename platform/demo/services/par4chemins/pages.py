"""The service's pages, in French and in English. They work without JavaScript; every text is escaped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from html import escape
from itertools import groupby
from urllib.parse import urlencode

from demo.services.par4chemins.choosing import DATA, PRICES, TASTES, WEEK, WEEKEND, Known, Outing, Wanted
from demo.services.par4chemins.words import ENGLISH, FRENCH, Words

MARK = (
    '<svg width="40" height="40" viewBox="0 0 40 40" aria-hidden="true"><rect width="40" height="40" rx="9" '
    'fill="#1d5a3c"/><path d="M20 5v30M5 20h30M9 9l22 22M31 9L9 31" stroke="#fff" stroke-width="2.5" fill="none"/>'
    '<circle cx="20" cy="20" r="5" fill="#f3c969"/></svg>'
)


@dataclass(frozen=True)
class Look:
    """How a page is shown: its language, its own address for the links that change it, and who looks.

    `programme` has the start of each outing that was chosen, by its code.
    """

    words: Words
    path: str
    query: Mapping[str, Sequence[str]] = field(default_factory=dict)
    programme: Mapping[str, datetime] = field(default_factory=dict)
    connected: bool = False
    met: Mapping[str, int] = field(default_factory=dict)

    def say(self, text: str, **values: object) -> str:
        return escape(self.words(text, **values))

    def here(self, **changed: str) -> str:
        query = {name: values for name, values in self.query.items() if name not in changed}
        asked = urlencode({**query, **{name: value for name, value in changed.items() if value}}, doseq=True)
        return escape(f"{self.path}?{asked}" if asked else self.path)


def page(look: Look, title: str, body: str) -> str:
    """Return a whole page. `title` and `body` are HTML."""
    places = (("/sorties", look.say("Sorties")), ("/programme", look.say("Mon programme")))
    links = "".join(
        f'<li><a href="{path}"{_current(look.path == path, "page")}>{name}</a></li>' for path, name in places
    )
    languages = "".join(
        f'<li><span lang="{code}" aria-current="true">{name}</span></li>'
        if code == look.words.language
        else f'<li><a href="{look.here(langue=code)}" lang="{code}" hreflang="{code}">{name}</a></li>'
        for code, name in ((FRENCH, "Français"), (ENGLISH, "English"))
    )
    return (
        f'<!doctype html><html lang="{look.words.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{title} - Par 4 Chemins</title><link rel="stylesheet" href="/style.css"></head><body>'
        f'<a class="skip" href="#contenu">{look.say("Aller au contenu")}</a>'
        f'<header><div class="shell"><a class="mark" href="/">{MARK}<span><strong>Par 4 Chemins</strong>'
        f"<small>{look.say('les sorties à côté de chez vous')}</small></span></a>"
        f'<nav aria-label="Par 4 Chemins"><ul class="nav">{links}</ul></nav>'
        f'<nav aria-label="{look.say("Langue")}"><ul class="nav small">{languages}</ul></nav></div></header>'
        f'<main id="contenu" tabindex="-1"><div class="shell"><h1>{title}</h1>{body}</div></main>'
        f'<footer><p class="shell small">'
        f"{look.say('Service fictif de la démonstration. Gratuit, sans publicité.')}</p></footer></body></html>"
    )


def home(look: Look, tastes: Sequence[str], *, ended: bool) -> str:
    note = _note(look.say("Vous avez arrêté, ou l’accord est fini. Nous avons oublié ce que nous avions lu."))
    picks = "".join(
        f'<label class="pick"><input type="checkbox" name="gout" value="{code}"{" checked" * (code in tastes)}>'
        f"<span>{_start(look.say(text))}</span></label>"
        for code, text in TASTES.items()
    )
    looked = "".join(
        f"<li>{look.say(text)}</li>"
        for text in (
            "vos goûts, pour les sorties que vous aimez",
            "vos moments libres, pour ne rien vous proposer d’autre",
            "vos trajets, pour une marche sur votre chemin",
        )
    )
    return page(
        look,
        look.say("Des sorties qui vous ressemblent"),
        f'<p class="lede">{look.say("À pied, à vos moments libres. Chacune dit pourquoi.")}</p>{note * ended}'
        f'<div class="two"><section><h2>{look.say("Sans compte")}</h2>'
        f"<p>{look.say('Cochez ce que vous aimez. Rien n’est gardé.')}</p>"
        f'<form action="/sorties"><fieldset><legend>{look.say("Vous aimez")}</legend>'
        f'<div class="picks">{picks}</div></fieldset>{_button(look.say("Voir les sorties"))}</form></section>'
        f"<section><h2>{look.say('Avec votre coffre')}</h2>"
        f"<p>{look.say('Si vous le voulez, ligne par ligne, nous regardons :')}</p><ul>{looked}</ul>"
        f"<p>{look.say('Nous n’en gardons pas de copie. Vous arrêtez quand vous voulez.')}</p>"
        f'<form method="post" action="/connexion">'
        f"{_button(look.say('Continuer avec mon coffre'), second=True)}</form></section></div>",
    )


def outings(
    look: Look, found: Sequence[Outing], known: Known, wanted: Wanted, walk: dict[str, str] | None, note: str
) -> str:
    """Return the page of outings: filters, a walk, the weeks, and beside them the programme and the challenges."""
    free = "à vos moments libres" if known.busy else "pour tout le monde"
    weeks = [(monday, list(rows)) for monday, rows in groupby(found, key=lambda one: one.monday)]
    parts = [_week(look, monday, rows) for monday, rows in weeks]
    if not found:
        parts = [f"<p>{look.say('Rien ne va avec ces choix. Élargissez-en un.')}</p>"]
    if walk is not None:
        parts.insert(0, _walk(look, walk))
    aside = [_programme(look), *([_challenges(look)] if look.connected else []), _tastes(look, known), _kept(look)]
    return page(
        look,
        escape(look.words.outings(len(found))),
        f'<p class="lede">{look.say(f"Dans les quatre semaines qui viennent, {free}.")}</p>'
        f"{_note(escape(note)) if note else ''}{_filters(look, wanted)}"
        f'<div class="columns"><div>{"".join(parts)}</div><div class="aside">{"".join(aside)}</div></div>',
    )


def programme(look: Look, chosen: Sequence[Outing], today: date, *, prices: bool) -> str:
    """Return the sheet to print: a table for each month that has an outing, then where and what to bring."""
    if not chosen:
        return page(
            look,
            look.say("Votre programme est vide"),
            f'<p class="lede">{look.say("Mettez-y des sorties : cette page en fera une feuille à imprimer.")}</p>'
            f"{_back(look)}",
        )
    choices = (("", "Avec les prix"), ("sans", "Sans prix"))
    segments = "".join(
        f'<li><a href="{look.here(prix=code)}"{_current(prices == (code == ""), "true")}>{look.say(text)}</a></li>'
        for code, text in choices
    )
    months = groupby(chosen, key=lambda one: one.start.date().replace(day=1))
    tables = "".join(_month(look, first, list(rows), prices=prices) for first, rows in months)
    return page(
        look,
        look.say("Mon programme"),
        f'<div class="noprint"><p class="lede">'
        f"{look.say('Une feuille A4, à mettre sur le frigo. Imprimez-la avec le menu de votre navigateur.')}</p>"
        f'<nav aria-label="{look.say("Prix")}"><ul class="segments">{segments}</ul></nav></div>'
        f'<article class="sheet"><div class="sheet__top"><p><strong>Par 4 Chemins</strong></p>'
        f"<p>{look.say('Fait le {day}', day=f'{look.words.day(today)} {today.year}')}</p></div>"
        f'<p class="lede">{_count_and_price(look, chosen, prices=prices)}</p>{tables}{_places(look, chosen)}'
        f'<div class="sheet__foot small"><p>{look.say("Les codes s’impriment à part")}</p></div></article>'
        f'<div class="noprint section">{_back(look)}</div>',
    )


def points(look: Look, title: str, new: int) -> str:
    said = "rangés" if new else "déjà"
    text = look.say(f"Défi « {{title}} » : points {said} dans votre coffre, à votre nom et au nôtre.", title=title)
    body = f'<p class="lede">{text}</p>{_goal(look)}{_back(look)}'
    return page(look, look.say("{count} points", count=_total(look)), body)


def code(look: Look, text: str) -> str:
    return page(
        look,
        look.say("Votre code à tarif réduit"),
        f'<p class="lede">{escape(look.words.of(DATA["reduced_price"], "title"))}</p>'
        f'<p class="code">{escape(text)}</p>'
        f"<p>{look.say('Montrez-le à la caisse. Il ne dit pas qui vous êtes.')}</p>{_back(look)}",
    )


def refused(look: Look, text: str) -> str:
    return page(look, look.say("Pas cette fois"), f'<p class="lede">{look.say(text)}</p>{_back(look)}')


def _filters(look: Look, wanted: Wanted) -> str:
    whens = (("", "Tout"), (WEEK, "Cette semaine"), (WEEKEND, "Le week-end"))
    whats = (("", "Tout"), *TASTES.items())
    euros = [("", look.say("Tout")), *((one, escape(look.words.euros(int(one)))) for one in PRICES)]
    kept = "".join(f'<input type="hidden" name="gout" value="{escape(one)}">' for one in look.query.get("gout", ()))
    return (
        f'<form class="filters" action="/sorties">{kept}'
        f"{_select('quand', look.say('Quand'), [(one, look.say(text)) for one, text in whens], wanted.when)}"
        f"{_select('quoi', look.say('Quoi'), [(one, _start(look.say(text))) for one, text in whats], wanted.taste)}"
        f"{_select('prix', look.say('Prix, au plus'), euros, wanted.price)}"
        f"{_button(look.say('Filtrer'), second=True)}</form>"
    )


def _select(name: str, label: str, choices: Sequence[tuple[str, str]], chosen: str) -> str:
    options = "".join(
        f'<option value="{code}"{" selected" * (code == chosen)}>{text}</option>' for code, text in choices
    )
    return f'<div><label for="{name}">{label}</label><select id="{name}" name="{name}">{options}</select></div>'


def _week(look: Look, monday: date, rows: Sequence[Outing]) -> str:
    action = look.here().replace("/sorties", "/programme", 1)
    lines = "".join(_row(look, one) for one in rows)
    return (
        f'<section class="section"><h2>{look.say("Semaine du {day}", day=look.words.day(monday))}</h2>'
        f'<form method="post" action="{action}"><ul class="lines">{lines}</ul></form></section>'
    )


def _row(look: Look, one: Outing) -> str:
    words, title = look.words, escape(look.words.of(one.row, "title"))
    when = look.say(
        "{day}, {start} à {end}", day=words.full_day(one.start), start=words.hour(one.start), end=words.hour(one.end)
    )
    chosen = look.programme.get(one.code) == one.start
    tag = f'<span class="tag">{look.say("Au programme")}</span>' if chosen else ""
    verb, said = ("retirer", "Retirer du programme") if chosen else ("ajouter", "Mettre au programme")
    unseen = f'<span class="unseen"> : {title}</span>'
    button = f'<button class="text" name="{verb}" value="{one.code}">{look.say(said)}{unseen}</button>'
    return (
        f'<li class="result"><p class="amount">{escape(words.euros(one.price))}<small>{_price_note(look, one)}</small>'
        f"</p><div><h3>{title}</h3><p>{_start(when)}</p>"
        f'<p class="small muted">{escape(one.row["place"])}. {escape(" ".join(one.reasons))}</p>'
        f'<p class="row">{tag}{button}</p></div></li>'
    )


def _price_note(look: Look, one: Outing) -> str:
    if not one.row["price"]:
        return look.say("sans inscription")
    if one.has_code:
        return look.say("au lieu de {price}, avec votre code", price=look.words.euros(one.row["price"]))
    return look.say("{price} à tarif réduit", price=look.words.euros(one.row["reduced"]))


def _walk(look: Look, walk: dict[str, str]) -> str:
    return (
        f'<section class="block"><h2>{look.say("Une marche sur votre chemin")}</h2>'
        f"<p><strong>{escape(walk['title'])}</strong>. {escape(walk['text'])}</p>"
        f'<p class="small">{escape(walk["reason"])}</p></section>'
    )


def _programme(look: Look) -> str:
    title = f"<h2>{look.say('Mon programme')}</h2>"
    if not look.programme:
        text = look.say("Rien encore. Choisissez des sorties, puis imprimez-les.")
        return f'<section>{title}<p class="small">{text}</p></section>'
    said = escape(look.words.outings(len(look.programme)))
    link = f'<a class="button" href="/programme">{look.say("Imprimer")}</a>'
    return f'<section>{title}<p class="small">{said}.</p><p>{link}</p></section>'


def _challenges(look: Look) -> str:
    rows = "".join(
        f'<li class="small"><span>{escape(look.words.of(one, "title"))}<br><span class="muted">'
        f"{look.say('{count} points', count=one['points'])}</span></span>{_met(look, one)}</li>"
        for one in DATA["challenges"]
    )
    return (
        f"<section><h2>{look.say('Défis bas carbone')}</h2>{_goal(look)}"
        f'<form method="post" action="/defis"><ul class="lines">{rows}</ul></form></section>'
    )


def _met(look: Look, one: Mapping[str, str]) -> str:
    if one["code"] in look.met:
        return f'<span class="tag">{look.say("Fait")}</span>'
    return (
        f'<button class="text" name="defi" value="{one["code"]}">{look.say("C’est fait")}'
        f'<span class="unseen"> : {escape(look.words.of(one, "title"))}</span></button>'
    )


def _goal(look: Look) -> str:
    """Return how far one is from the reduced price, and the way to the code."""
    goal, total = DATA["reduced_price"], _total(look)
    title = look.words.of(goal, "title")
    said = look.say("{count} points sur {goal}", count=total, goal=goal["points"])
    bar = f'<progress max="{goal["points"]}" value="{min(total, goal["points"])}" aria-label="{said}"></progress>'
    if total >= goal["points"]:
        more = f'<a href="/code">{look.say("Prendre mon code : {title}", title=title)}</a>'
    else:
        more = look.say("Encore {count} points pour : {title}.", count=goal["points"] - total, title=title)
    return f'{bar}<p class="small">{said}. {more}</p>'


def _total(look: Look) -> int:
    return sum(look.met.values())


def _tastes(look: Look, known: Known) -> str:
    named = ", ".join(look.words(TASTES[one]) for one in known.tastes if one in TASTES)
    said = look.say("Cochés par vous : {tastes}. Jamais devinés.", tastes=named) if named else ""
    link = f'<p class="small"><a href="{_home(look)}">{look.say("Changer mes goûts")}</a></p>'
    change = "" if look.connected else link
    text = said or look.say("Aucun. Jamais devinés.")
    return f'<section><h2>{look.say("Vos goûts")}</h2><p class="small">{text}</p>{change}</section>'


def _home(look: Look) -> str:
    return escape("/?" + urlencode({"gout": look.query.get("gout", ())}, doseq=True)).removesuffix("?")


def _kept(look: Look) -> str:
    text = look.say("Rien de ce que nous lisons. Votre programme reste jusqu’à la fin de votre visite.")
    kept = f'<section><h2>{look.say("Ce qui est gardé")}</h2><p class="small">{text}</p></section>'
    if not look.connected:
        return kept
    how = look.say("Vous arrêtez ici, ou dans « Mes partages » de votre portail.")
    stop = f'<form method="post" action="/arreter">{_button(look.say("Arrêter"), second=True)}</form>'
    return f'{kept}<section><h2>{look.say("Arrêter")}</h2><p class="small">{how}</p>{stop}</section>'


def _month(look: Look, first: date, rows: Sequence[Outing], *, prices: bool) -> str:
    days = {day: list(found) for day, found in groupby(rows, key=lambda one: one.start.date())}
    monday = first - timedelta(days=first.weekday())
    names = [look.words.weekday(monday + timedelta(days=one)) for one in range(7)]
    heads = "".join(f'<th scope="col" role="columnheader">{one}</th>' for one in names)
    weeks = []
    while monday.replace(day=1) <= first:
        cells = "".join(
            _day(look, day, days.get(day, ()), prices=prices) if day.month == first.month else '<td role="cell"></td>'
            for day in (monday + timedelta(days=one) for one in range(7))
        )
        empty = "" if 'class="on"' in cells else ' class="empty"'
        weeks.append(f'<tr role="row"{empty}>{cells}</tr>')
        monday += timedelta(days=7)
    return (
        f'<table class="month" role="table"><caption>{look.say("Sorties de {month}", month=look.words.month(first))}'
        f'</caption><thead role="rowgroup"><tr role="row">{heads}</tr></thead>'
        f'<tbody role="rowgroup">{"".join(weeks)}</tbody></table>'
    )


def _day(look: Look, day: date, rows: Sequence[Outing], *, prices: bool) -> str:
    number = f'<span class="number"><span class="name">{look.words.weekday(day)} </span>{day.day}</span>'
    on, parts = ' class="on"' if rows else "", []
    for one in rows:
        parts.append(f"<p>{escape(look.words.hour(one.start))}, {escape(look.words.of(one.row, 'title'))}</p>")
        parts += [f'<p class="price">{escape(look.words.euros(one.price))}</p>'] if prices else []
    return f'<td role="cell"{on}>{number}{"".join(parts)}</td>'


def _places(look: Look, chosen: Sequence[Outing]) -> str:
    place, bring = look.say("Lieu"), look.say("À emporter")
    heads = "".join(f'<th scope="col" role="columnheader">{one}</th>' for one in (look.say("Sortie"), place, bring))
    rows = "".join(
        f'<tr role="row"><th scope="row" role="rowheader">{escape(look.words.of(one.row, "title"))}</th>'
        f'<td role="cell" data-label="{place} :">{_where(look, one)}</td>'
        f'<td role="cell" data-label="{bring} :">{escape(look.words.of(one.row, "bring"))}</td></tr>'
        for one in chosen
    )
    return (
        f'<table class="places" role="table"><caption>{look.say("Où, et quoi emporter")}</caption>'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
    )


def _where(look: Look, one: Outing) -> str:
    return look.say("{place}, {count} minutes à pied", place=one.row["place"], count=one.row["walk_minutes"])


def _count_and_price(look: Look, chosen: Sequence[Outing], *, prices: bool) -> str:
    said = look.words.outings(len(chosen))
    if not prices:
        return escape(f"{said}.")
    total = look.words.euros(sum(one.price for one in chosen))
    return look.say("{outings}, {price} par personne.", outings=said, price=total)


def _button(label: str, *, second: bool = False) -> str:
    return f'<button class="button{" second" * second}">{label}</button>'


def _back(look: Look) -> str:
    return f'<p><a href="/sorties">{look.say("Retour aux sorties")}</a></p>'


def _note(html: str) -> str:
    return f'<p class="note" role="status">{html}</p>'


def _current(is_it: bool, kind: str) -> str:
    return f' aria-current="{kind}"' if is_it else ""


def _start(text: str) -> str:
    """Return a sentence with a capital."""
    return text[:1].upper() + text[1:]
