"""What the service says, in French and in English. A sentence without its English is a KeyError, which tests meet."""

from collections.abc import Mapping
from datetime import date, datetime

FRENCH, ENGLISH = "fr", "en"
DAYS = {
    FRENCH: ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    ENGLISH: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
MONTHS = {
    FRENCH: (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    ENGLISH: (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
IN_ENGLISH: Mapping[str, str] = {
    "Aller au contenu": "Skip to content",
    "les sorties à côté de chez vous": "outings near you",
    "Sorties": "Outings",
    "Mon programme": "My programme",
    "Langue": "Language",
    "Service fictif de la démonstration. Gratuit, sans publicité.": "A fictional service. Free, without advertising.",
    "Retour aux sorties": "Back to the outings",
    "Des sorties qui vous ressemblent": "Outings that suit you",
    "À pied, à vos moments libres. Chacune dit pourquoi.": "On foot, in your free time. Each says why.",
    "Vous avez arrêté, ou l’accord est fini. Nous avons oublié ce que nous avions lu.": (
        "You stopped, or the agreement is over. We have forgotten what we had read."
    ),
    "Sans compte": "Without an account",
    "Cochez ce que vous aimez. Rien n’est gardé.": "Tick what you like. Nothing is kept.",
    "Vous aimez": "You like",
    "Voir les sorties": "See the outings",
    "Avec votre coffre": "With your vault",
    "Si vous le voulez, ligne par ligne, nous regardons :": "If you wish, line by line, we look at:",
    "vos goûts, pour les sorties que vous aimez": "your tastes, for outings that you like",
    "vos moments libres, pour ne rien vous proposer d’autre": "your free time, to suggest nothing else",
    "vos trajets, pour une marche sur votre chemin": "your trips, for a walk on your way",
    "Nous n’en gardons pas de copie. Vous arrêtez quand vous voulez.": "We keep no copy. You stop when you wish.",
    "Continuer avec mon coffre": "Continue with my vault",
    "Aucune sortie": "No outing",
    "{count} sortie": "{count} outing",
    "{count} sorties": "{count} outings",
    "Dans les quatre semaines qui viennent, à vos moments libres.": "In the next four weeks, in your free time.",
    "Dans les quatre semaines qui viennent, pour tout le monde.": "In the next four weeks, for everybody.",
    "Rien ne va avec ces choix. Élargissez-en un.": "Nothing fits these choices. Widen one of them.",
    "Quand": "When",
    "Tout": "All",
    "Cette semaine": "This week",
    "Le week-end": "At the weekend",
    "Quoi": "What",
    "Prix, au plus": "Price, at most",
    "Filtrer": "Filter",
    "Semaine du {day}": "Week of {day}",
    "{day}, {start} à {end}": "{day}, {start} to {end}",
    "Au programme": "In the programme",
    "Mettre au programme": "Add to the programme",
    "Retirer du programme": "Remove from the programme",
    "Gratuit": "Free",
    "sans inscription": "no booking",
    "au lieu de {price}, avec votre code": "instead of {price}, with your code",
    "{price} à tarif réduit": "{price} at the reduced price",
    "Vous aimez {taste}.": "You like to {taste}.",
    "Vous êtes libre {day} à {hour}.": "You are free on {day} at {hour}.",
    "À {count} minutes à pied.": "{count} minutes on foot.",
    "Une marche sur votre chemin": "A walk on your way",
    "Vous allez souvent vers {place}, vers {hour} ({count} fois).": (
        "You often go towards {place}, around {hour} ({count} times)."
    ),
    "{count} minutes de plus, pour voir {sight}.": "{count} more minutes, to see {sight}.",
    "Défis bas carbone": "Low-carbon challenges",
    "{count} points sur {goal}": "{count} points of {goal}",
    "{count} points": "{count} points",
    "C’est fait": "Done",
    "Fait": "Done already",
    "Ce qui est gardé": "What is kept",
    "Rien de ce que nous lisons. Votre programme reste jusqu’à la fin de votre visite.": (
        "Nothing of what we read. Your programme stays until the end of your visit."
    ),
    "Arrêter": "Stop",
    "Vous arrêtez ici, ou dans « Mes partages » de votre portail.": "Stop here, or in your portal, under your shares.",
    "Vos goûts": "Your tastes",
    "Cochés par vous : {tastes}. Jamais devinés.": "Ticked by you: {tastes}. Never guessed.",
    "Aucun. Jamais devinés.": "None. Never guessed.",
    "Changer mes goûts": "Change my tastes",
    "Rien encore. Choisissez des sorties, puis imprimez-les.": "Nothing yet. Choose outings, then print them.",
    "{outings}, {price} par personne.": "{outings}, {price} per person.",
    "Imprimer": "Print",
    "Vous avez mis ce partage en pause : voici les sorties pour tout le monde.": (
        "You paused this share: here are the outings for everybody."
    ),
    "Une feuille A4, à mettre sur le frigo. Imprimez-la avec le menu de votre navigateur.": (
        "One A4 sheet, for the fridge. Print it with your browser’s menu."
    ),
    "Prix": "Prices",
    "Avec les prix": "With prices",
    "Sans prix": "Without prices",
    "Fait le {day}": "Made on {day}",
    "Sorties de {month}": "Outings of {month}",
    "Où, et quoi emporter": "Where, and what to bring",
    "Sortie": "Outing",
    "Lieu": "Place",
    "À emporter": "To bring",
    "{place}, {count} minutes à pied": "{place}, {count} minutes on foot",
    "Rien": "Nothing",
    "Les codes s’impriment à part": "Codes are printed apart",
    "Votre programme est vide": "Your programme is empty",
    "Mettez-y des sorties : cette page en fera une feuille à imprimer.": (
        "Add outings: this page makes a sheet of them, to print."
    ),
    "Défi « {title} » : points rangés dans votre coffre, à votre nom et au nôtre.": (
        "Challenge “{title}”: points put into your vault, in your name and ours."
    ),
    "Défi « {title} » : points déjà dans votre coffre, à votre nom et au nôtre.": (
        "Challenge “{title}”: points already in your vault, in your name and ours."
    ),
    "Prendre mon code : {title}": "Take my code: {title}",
    "Encore {count} points pour : {title}.": "{count} more points for: {title}.",
    "Votre code à tarif réduit": "Your code for a reduced price",
    "Montrez-le à la caisse. Il ne dit pas qui vous êtes.": "Show it at the till. It does not say who you are.",
    "Pas cette fois": "Not this time",
    "Cette page n’existe pas.": "This page does not exist.",
    "Cette sortie n’existe pas.": "This outing does not exist.",
    "Ce défi n’existe pas, ou votre coffre n’est pas connecté.": (
        "This challenge does not exist, or your vault is not connected."
    ),
    "Vous n’avez pas accepté que nous écrivions vos points : rien n’est écrit.": (
        "You did not let us write your points: nothing is written."
    ),
    "Il manque des points.": "Points are missing.",
    "Votre coffre ne répond pas. Réessayez dans un moment.": "Your vault does not answer. Try again in a moment.",
    "voir un spectacle ou une exposition": "see a show or an exhibition",
    "faire de vos mains": "make things with your hands",
    "comprendre": "understand",
    "jouer": "play",
    "vous promener dans la nature": "walk in nature",
    "bouger": "move",
    "écouter de la musique": "listen to music",
}


class Words:
    """Says a sentence, a date or a price in one language."""

    def __init__(self, language: str) -> None:
        self.language = ENGLISH if language == ENGLISH else FRENCH

    def __call__(self, text: str, **values: object) -> str:
        said = IN_ENGLISH[text] if self.language == ENGLISH else text
        return said.format(**values) if values else said

    def of(self, row: Mapping[str, str], name: str) -> str:
        """Return a text of the data, which has its English beside it."""
        return row[f"{name}_en" if self.language == ENGLISH else name]

    def weekday(self, day: date) -> str:
        return DAYS[self.language][day.weekday()]

    def month(self, day: date) -> str:
        return f"{MONTHS[self.language][day.month - 1]} {day.year}"

    def day(self, day: date) -> str:
        number = "1er" if day.day == 1 and self.language == FRENCH else str(day.day)
        return f"{number} {MONTHS[self.language][day.month - 1]}"

    def full_day(self, day: date) -> str:
        return f"{self.weekday(day)} {self.day(day)}"

    def hour(self, moment: datetime) -> str:
        if self.language == ENGLISH:
            return f"{moment.hour}:{moment.minute:02}"
        return f"{moment.hour}\u00a0h" + (f"\u00a0{moment.minute:02}" if moment.minute else "")

    def euros(self, amount: float) -> str:
        if not amount:
            return self("Gratuit")
        text = f"{amount:.2f}".removesuffix(".00")
        return f"€{text}" if self.language == ENGLISH else f"{text.replace('.', ',')}\u00a0€"

    def outings(self, count: int) -> str:
        if not count:
            return self("Aucune sortie")
        return self("{count} sortie" if count == 1 else "{count} sorties", count=count)
