from django.utils.translation import gettext_lazy

#: The three protections, by the sensitivity of a plan. The numbers are those of `attackers.right_between_two`.
PRESETS = (
    ("sensitive", gettext_lazy("Prudent : entre deux personnes, il désigne la bonne 59 fois sur 100")),
    ("standard", gettext_lazy("Courant : 67 fois sur 100")),
    ("low", gettext_lazy("Détaillé : 76 fois sur 100")),
)
