"""The service's pages. They work without JavaScript; every text from outside is escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from demo.services.par4chemins.choosing import DATA, DAYS, TASTES, Outing

STYLE = """body{margin:0;font:1.0625rem/1.5 system-ui,sans-serif;color:#1d1d1b;background:#fff}
header,main,footer{max-width:44rem;margin:auto;padding:1rem}header{border-bottom:4px solid #1f6b4a}
h1{font-size:1.75rem;line-height:1.2}h2{font-size:1.25rem;margin-top:2rem}a{color:#14543a}
ul.plain{list-style:none;padding:0}ul.plain>li{border-top:1px solid #c9c9c4;padding:1rem 0}
.price{float:right;font-weight:700;margin-left:1rem}.why{color:#4a4a46}
button{font:inherit;font-weight:600;padding:.6rem 1rem;border:0;background:#1f6b4a;color:#fff;min-height:44px}
button.second{background:#fff;color:#14543a;box-shadow:inset 0 0 0 2px #1f6b4a}
button:focus-visible,a:focus-visible,input:focus-visible{outline:3px solid #1d1d1b;outline-offset:2px}
label{display:block;padding:.4rem 0}form.line{display:inline}.note{border-left:4px solid #1f6b4a;padding:.5rem 1rem}"""


def page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} - Par 4 Chemins</title><style>{STYLE}</style></head><body>"
        '<header><a href="/">Par 4 Chemins</a>, les sorties à côté de chez vous</header>'
        f"<main><h1>{escape(title)}</h1>{body}</main>"
        "<footer>Service fictif de la démonstration. Gratuit, sans publicité.</footer></body></html>"
    )


def home(ended: bool) -> str:
    note = (
        '<p class="note">Vous avez arrêté, ou l’accord est fini. Nous avons oublié ce que nous avions lu.</p>'
        if ended
        else ""
    )
    tastes = "".join(
        f'<label><input type="checkbox" name="gout" value="{code}"> {escape(text.capitalize())}</label>'
        for code, text in TASTES.items()
    )
    return page(
        "Des sorties qui vous ressemblent",
        f"{note}<h2>Sans compte</h2><p>Cochez ce que vous aimez. Rien n’est gardé.</p>"
        f'<form action="/sorties"><fieldset><legend>Vous aimez</legend>{tastes}</fieldset>'
        "<p><button>Voir les sorties</button></p></form>"
        "<h2>Avec votre coffre</h2><p>Nous regardons vos moments libres, vos trajets et vos goûts, ligne par ligne, "
        "si vous le voulez. Nous n’en gardons pas de copie. Vous arrêtez quand vous voulez.</p>"
        '<form method="post" action="/connexion"><button class="second">Continuer avec mon coffre</button></form>',
    )


def outings(found: Sequence[Outing], walk: dict[str, str] | None, *, connected: bool, missing: Iterable[str]) -> str:
    rows = "".join(_row(one) for one in found) or "<li>Rien cette semaine à vos moments libres.</li>"
    parts = [f'<ul class="plain">{rows}</ul>']
    if walk is not None:
        parts.append(
            f"<h2>Une marche sur votre chemin</h2><p><strong>{escape(walk['title'])}</strong>. {escape(walk['text'])}"
            f'</p><p class="why">{escape(walk["reason"])}</p>'
        )
    if connected:
        parts += [_challenges(), _stop()]
    parts += [f'<p class="note">{escape(text)}</p>' for text in missing]
    return page(f"{len(found)} sorties cette semaine", "".join(parts))


def points(title: str, new: int, total: int) -> str:
    goal = DATA["reduced_price"]
    said = "rangés dans votre coffre" if new else "déjà dans votre coffre"
    left = goal["points"] - total
    more = (
        f'<p><a href="/code">Prendre mon code : {escape(goal["title"])}</a></p>'
        if left <= 0
        else f"<p>Encore {left} points pour : {escape(goal['title'])}.</p>"
    )
    return page(
        f"{total} points",
        f"<p>Défi « {escape(title)} » : points {said}, à votre nom et au nôtre.</p>{more}"
        '<p><a href="/sorties">Retour aux sorties</a></p>',
    )


def code(text: str) -> str:
    return page(
        "Votre code à tarif réduit",
        f"<p>{escape(DATA['reduced_price']['title'])}.</p><p><strong>{escape(text)}</strong></p>"
        "<p>Montrez-le à la caisse. Il ne dit pas qui vous êtes.</p>",
    )


def refused(text: str) -> str:
    return page("Pas cette fois", f'<p>{escape(text)}</p><p><a href="/sorties">Retour aux sorties</a></p>')


def _row(one: Outing) -> str:
    when = f"{DAYS[one.when.weekday()].capitalize()} {one.when.day}, {one.when.hour} h"
    return (
        f'<li><span class="price">{escape(one.price)}</span><h2 style="margin:0">{escape(one.title)}</h2>'
        f'<p>{when}. {escape(one.place)}.</p><p class="why">{escape(" ".join(one.reasons))}</p></li>'
    )


def _challenges() -> str:
    buttons = "".join(
        f'<li><span class="price">{one["points"]} points</span>{escape(one["title"])} '
        f'<form class="line" method="post" action="/defis"><button name="defi" value="{one["code"]}">'
        "C’est fait</button></form></li>"
        for one in DATA["challenges"]
    )
    return f'<h2>Défis bas carbone</h2><ul class="plain">{buttons}</ul>'


def _stop() -> str:
    return (
        "<h2>Arrêter</h2><p>Vous arrêtez ici, ou dans « Mes partages » de votre portail.</p>"
        '<form method="post" action="/arreter"><button class="second">Arrêter</button></form>'
    )
