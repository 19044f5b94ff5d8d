"""All sentences of the readers: French msgids, mostly without values, translated by the page that shows them."""


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for translators. Django's own function reads the settings, which the readers' child lacks."""
    return sentence


#: Why a file is refused, by code.
UNREADABLE = {
    "not_confined": gettext_noop(
        "Ce portail ne peut pas lire de fichier en sécurité pour le moment. Réessayez plus tard."
    ),
    "empty": gettext_noop("Ce fichier est vide."),
    "too_big": gettext_noop("Ce papier dépasse 10 Mo. Envoyez un fichier plus léger."),
    "too_big_data": gettext_noop("Ce fichier dépasse 64 Mo. Envoyez-en une partie, par exemple une seule année."),
    "too_many": gettext_noop(
        "Ce fichier contient plus de lignes que nous n’en lisons en une fois. Envoyez-en une partie, par exemple "
        "une seule année."
    ),
    "unknown_media": gettext_noop(
        "Nous ne savons pas lire ce fichier. Envoyez un PDF, une photo JPEG ou une photo PNG."
    ),
    "unknown_data": gettext_noop(
        "Nous ne connaissons pas ce type de fichier de données. Rien n’en est gardé. Envoyez le fichier tel que "
        "l’organisme vous l’a donné, ou un papier, en PDF ou en photo."
    ),
    "other_shape": gettext_noop(
        "Ce fichier ressemble à ceux que nous lisons, mais sa forme est différente. Rien n’en est gardé. Envoyez-le "
        "tel que l’organisme vous l’a donné, sans le modifier."
    ),
    "amount_twice": gettext_noop(
        "Une colonne donne déjà le montant. Gardez le montant, ou le débit et le crédit, mais pas les deux."
    ),
    "amount_unclear": gettext_noop(
        "Des montants de ce tableau se lisent de deux façons : « 1,200 » vaut mille deux cents, ou un euro vingt. "
        "Rien n’en est gardé. Écrivez-les avec deux chiffres après la virgule, par exemple 1200,00, puis envoyez à "
        "nouveau le fichier."
    ),
    "direction_unclear": gettext_noop(
        "La colonne choisie ne dit pas si chaque montant sort ou entre. Choisissez-en une autre, ou gardez le débit "
        "et le crédit."
    ),
    "too_large_money": gettext_noop(
        "Ce fichier porte un montant de plus d’un milliard, qu’aucun foyer n’atteint. Rien n’en est gardé. "
        "Vérifiez-le auprès de votre banque."
    ),
    "too_large_measure": gettext_noop(
        "Ce fichier porte une mesure qu’aucun logement n’atteint : plus de 1 000 kW. Rien n’en est gardé. Vérifiez "
        "l’unité, ou téléchargez-le à nouveau."
    ),
    "measure_unclear": gettext_noop(
        "Une mesure de ce fichier n’est pas un nombre que nous comprenons. Rien n’en est gardé. Envoyez-le tel que "
        "l’organisme vous l’a donné, sans le modifier."
    ),
    "far_away": gettext_noop(
        "Ce fichier donne pour passé ce qui est daté d’après l’année prochaine. Rien n’en est gardé : corrigez les "
        "dates, ou téléchargez-le à nouveau."
    ),
    "fit": gettext_noop(
        "Ceci est un fichier FIT, d’une montre ou d’un compteur. Nous ne le lisons pas. Exportez l’activité en GPX, "
        "puis envoyez-la."
    ),
    "tcx": gettext_noop(
        "Ceci est un fichier TCX, d’une montre ou d’un compteur. Nous ne le lisons pas. Exportez l’activité en GPX, "
        "puis envoyez-la."
    ),
    "gzip": gettext_noop("Ce fichier est compressé (.gz). Décompressez-le, puis envoyez celui qu’il contient."),
    "cfonb": gettext_noop(
        "Ceci est un relevé CFONB. Nous ne le lisons pas. Demandez à votre banque un fichier OFX, CAMT.053 ou CSV."
    ),
    "mt940": gettext_noop(
        "Ceci est un relevé MT940. Nous ne le lisons pas. Demandez à votre banque un fichier OFX, CAMT.053 ou CSV."
    ),
    "strava": gettext_noop(
        "Ceci est un export de Strava. Nous ne le lisons pas. Envoyez un par un les fichiers GPX de son dossier "
        "« activities »."
    ),
    "no_data": gettext_noop("Ce fichier s’ouvre, mais il ne contient aucune donnée à garder."),
    "heic": gettext_noop("Une suite de photos HEIC n’est pas acceptée. Envoyez une seule photo."),
    "infected": gettext_noop(
        "L’antivirus a trouvé un programme dangereux dans ce fichier. Il est effacé. "
        "Ne l’ouvrez pas sur votre appareil."
    ),
    "polyglot": gettext_noop("Ce fichier en cache un autre. Téléchargez à nouveau le papier d’origine."),
    "encrypted": gettext_noop(
        "Ce PDF est protégé par un mot de passe. Enregistrez-le sans mot de passe, puis envoyez-le."
    ),
    "damaged": gettext_noop("Ce fichier est abîmé ou incomplet. Téléchargez-le à nouveau, ou reprenez la photo."),
    "too_many_pages": gettext_noop("Ce PDF a plus de 60 pages. Envoyez seulement les pages utiles."),
    "too_many_pixels": gettext_noop(
        "Cette image est trop grande. Envoyez une photo de moins de 50 millions de points."
    ),
    "too_heavy": gettext_noop(
        "Ce fichier est trop lourd à ouvrir. Enregistrez-le en plus petit, ou envoyez-en une partie."
    ),
    "sealed_dossier": gettext_noop(
        "Ce PDF est un dossier fait par Garant, pas un papier. Envoyez le papier lui-même, tel que vous l’avez reçu."
    ),
    "two_files": gettext_noop(
        "Cette enseigne envoie deux fichiers. Mettez-les ensemble dans un fichier ZIP, puis envoyez-le."
    ),
    "which_service": gettext_noop(
        "Cette réponse ne dit pas de quel service elle vient. Demandez-la depuis la page de l’organisme."
    ),
    "no_image": gettext_noop("Ce fichier est un texte : il n’a pas d’image."),
}

#: The sentence of each outcome of each check.
CHECKS: dict[str, dict[str, str]] = {
    "file_readable": {"passed": gettext_noop("Le fichier s’ouvre.")},
    "file_not_blank": {
        "passed": gettext_noop("Le fichier contient bien un papier."),
        "failed": gettext_noop("Le fichier semble vide. Reprenez la photo ou choisissez un autre fichier."),
    },
    "active_content": {
        "failed": gettext_noop("Ce PDF contient un programme. Il n’est jamais lancé, et il n’ira dans aucun dossier."),
        "inconclusive": gettext_noop(
            "Nous n’avons pas pu chercher de programme dans ce PDF. Il n’en sera lancé aucun."
        ),
    },
    "attachments": {"failed": gettext_noop("Ce PDF contient d’autres fichiers. Ils ne seront ni lus ni transmis.")},
    "holder_answer": {
        "passed": gettext_noop("L’organisme a répondu."),
        "failed": gettext_noop("L’organisme a répondu par une erreur. Réessayez plus tard."),
        "inconclusive": gettext_noop("L’organisme n’a trouvé aucun dossier à ce nom. Rien n’est ajouté."),
    },
    "product_known": {"failed": gettext_noop("Ce produit n’est pas dans la base Open Food Facts.")},
    "no_type": {"inconclusive": gettext_noop("Le coffre ne garde pas encore ce type de valeurs.")},
    "place": {
        "passed": gettext_noop("Le lieu où la photo a été prise est retiré du fichier. L’image n’a pas changé."),
        "failed": gettext_noop(
            "Ce PDF est signé et dit où une photo a été prise. Le retirer casserait la signature : le lieu y reste."
        ),
        "inconclusive": gettext_noop(
            "Nous n’avons pas pu chercher dans ce PDF le lieu où une photo aurait été prise."
        ),
    },
    "2ddoc_read": {
        "passed": gettext_noop("Le code carré du papier est lisible."),
        "failed": gettext_noop("Le code carré est abîmé ou modifié. Téléchargez à nouveau le papier d’origine."),
        "inconclusive": gettext_noop("Aucun code carré n’a été trouvé. Vous pourrez saisir les valeurs."),
    },
    "2ddoc_signature": {
        "passed": gettext_noop("Le code est signé par l’organisme : son contenu est vérifié."),
        "failed": gettext_noop("La signature ne correspond pas : le code a été modifié. Rien n’en est repris."),
        "inconclusive": gettext_noop(
            "La signature n’a pas pu être contrôlée. Le papier reste utilisable, sans valeur vérifiée."
        ),
    },
    "2ddoc_test_authority": {
        "failed": gettext_noop("Ce code est signé par une autorité de test : il n’a pas de valeur.")
    },
    "2ddoc_issuer": {
        "failed": gettext_noop("Ce code n’est pas signé par l’organisme qui délivre ce papier. Rien n’en est repris.")
    },
    "2ddoc_values": {
        "passed": gettext_noop("Toutes les valeurs utiles ont été lues dans le code."),
        "inconclusive": gettext_noop("Le code ne porte pas toutes les valeurs utiles. Vous pourrez les compléter."),
    },
    "2ddoc_no_type": {
        "inconclusive": gettext_noop("Le code est vérifié. Le coffre ne garde pas encore ce type de valeurs.")
    },
    "2ddoc_matches_text": {
        "passed": gettext_noop("Le texte et le code disent la même chose."),
        "failed": gettext_noop(
            "Le revenu fiscal de référence imprimé n’est pas celui du code signé : ce papier a été modifié. Rien n’en "
            "est repris. Téléchargez à nouveau l’avis d’origine."
        ),
        "inconclusive": gettext_noop("Nous n’avons pas pu comparer le texte et le code."),
    },
    "file_single_kind": {
        "passed": gettext_noop("Toutes les pages vont ensemble."),
        "failed": gettext_noop("Le fichier contient plusieurs papiers. Séparez-les pour mieux les réutiliser."),
        "inconclusive": gettext_noop("Nous n’avons pas pu trier les pages. Vérifiez qu’elles vont ensemble."),
    },
    "signed": {
        "passed": gettext_noop("Une signature est présente."),
        "failed": gettext_noop("Il manque une signature. Signez le papier puis reprenez la photo."),
    },
    "number_hidden": {
        "passed": gettext_noop("Aucun numéro de sécurité sociale ni de carte bancaire n’est écrit sur ce papier."),
        "failed": gettext_noop(
            "Un numéro personnel est écrit sur ce papier. Masquez-le avant de le donner, s’il n’est pas demandé."
        ),
    },
    "pdf_signature": {
        "passed": gettext_noop("Ce PDF est signé, et n’a pas changé depuis."),
        "failed": gettext_noop("Ce PDF a changé après sa signature. Téléchargez à nouveau le papier d’origine."),
        "inconclusive": gettext_noop(
            "Ce PDF porte une signature que nous n’avons pas pu contrôler. Le papier reste utilisable."
        ),
    },
    "pdf_signer": {
        "passed": gettext_noop("Le signataire est connu : %(said)s."),
        "inconclusive": gettext_noop("Signé par %(said)s, dont nous ne connaissons pas l’autorité."),
    },
    "bank_adds_up": {
        "passed": gettext_noop("Les opérations et les soldes concordent."),
        "failed": gettext_noop(
            "Les opérations et les soldes ne concordent pas. Rien n’est corrigé : voyez avec votre banque."
        ),
    },
    "mrz_consistent": {
        "passed": gettext_noop("Les lignes codées confirment les informations lues."),
        "failed": gettext_noop(
            "Les chiffres de contrôle des lignes codées sont faux. Reprenez la photo ou le fichier d’origine."
        ),
    },
    "rib_iban_valid": {
        "passed": gettext_noop("L’IBAN est bien formé."),
        "failed": gettext_noop("L’IBAN comporte une erreur. Recopiez-le ou prenez le RIB de votre banque."),
    },
}

#: The labels of the totals of a file of data, by code.
FACTS: dict[str, str] = {
    "positions": gettext_noop("Positions ou étapes lues"),
    "trips": gettext_noop("Trajets"),
    "distance": gettext_noop("Distance des trajets"),
    "path_length": gettext_noop("Longueur du parcours"),
    "places": gettext_noop("Lieux fréquents"),
    "irradiation_direct": gettext_noop("Rayonnement direct reçu, en Wh par m²"),
    "acc_produced": gettext_noop("Énergie produite pour vous-même"),
    "acc_received": gettext_noop("Énergie reçue des autres"),
    "acc_used": gettext_noop("Énergie partagée consommée"),
    "acc_surplus": gettext_noop("Surplus"),
    "accounts": gettext_noop("Comptes"),
    "statements": gettext_noop("Relevés"),
    "operations": gettext_noop("Opérations"),
    "money_in": gettext_noop("Entrées en tout"),
    "money_out": gettext_noop("Sorties en tout"),
    "money_net": gettext_noop("Entrées moins sorties"),
    "balance": gettext_noop("Solde selon la banque"),
    "balance_difference": gettext_noop("Écart entre le solde de la banque et ses opérations"),
    "rows": gettext_noop("Lignes du tableau"),
    "rows_not_read": gettext_noop("Lignes laissées de côté"),
    "rows_older": gettext_noop("Lignes plus anciennes, non gardées"),
    "energy_total": gettext_noop("Énergie consommée en tout"),
    "energy_measured": gettext_noop("Énergie mesurée en tout"),
    "energy_produced": gettext_noop("Énergie produite en tout"),
    "energy_injected": gettext_noop("Énergie injectée en tout"),
    "volume_total": gettext_noop("Volume de gaz en tout"),
    "index_difference": gettext_noop("Différence entre le premier et le dernier index"),
    "index_energy": gettext_noop("Énergie entre le premier et le dernier index"),
    "index_count": gettext_noop("Nombre d’index"),
    "index_first": gettext_noop("Premier index"),
    "index_last": gettext_noop("Dernier index"),
    "power_max": gettext_noop("Puissance la plus forte"),
    "points": gettext_noop("Nombre de mesures"),
    "gaps": gettext_noop("Mesures manquantes"),
    "first_day": gettext_noop("Premier jour"),
    "last_day": gettext_noop("Dernier jour"),
    "highest_day": gettext_noop("Jour de plus forte consommation"),
    "highest_day_energy": gettext_noop("Consommation de ce jour"),
    "access_state": gettext_noop("État du droit d’accès"),
    "access_start": gettext_noop("Début du droit d’accès"),
    "access_end": gettext_noop("Fin du droit d’accès"),
    "added_dates": gettext_noop("Dates ajoutées"),
    "admissions": gettext_noop("Inscriptions"),
    "agribalyse": gettext_noop("Produit dans Agribalyse"),
    "barcode": gettext_noop("Code-barres"),
    "chain": gettext_noop("Enseigne"),
    "children_in_charge": gettext_noop("Enfants à charge"),
    "co2_of_pack": gettext_noop("Empreinte du paquet"),
    "co2_per_kg": gettext_noop("Empreinte par kilo"),
    "course": gettext_noop("Formation"),
    "environment_grade": gettext_noop("Green-Score"),
    "environment_score": gettext_noop("Green-Score sur 100"),
    "events": gettext_noop("Événements"),
    "items": gettext_noop("Articles"),
    "mass": gettext_noop("Poids"),
    "nova": gettext_noop("Groupe NOVA"),
    "nutriscore": gettext_noop("Nutri-Score"),
    "occurrences": gettext_noop("Dates en tout"),
    "payments": gettext_noop("Paiements"),
    "person": gettext_noop("Personne"),
    "plate": gettext_noop("Immatriculation"),
    "product_name": gettext_noop("Produit"),
    "receipts": gettext_noop("Tickets de caisse"),
    "total": gettext_noop("Total"),
    "cancelled": gettext_noop("Événements annulés"),
    "without_date": gettext_noop("Événements sans date"),
    "year": gettext_noop("Année"),
    "yearly_income": gettext_noop("Ressources de l’année"),
}

#: Warnings of a reading.
FIRST_PAGES_ONLY = gettext_noop("Le code carré a été cherché dans les 12 premières pages seulement.")
PARTIAL_CODE = gettext_noop("Le code ne porte qu’une partie des valeurs. Les autres sont à compléter.")
SEVERAL_CODES = gettext_noop("Le fichier porte plusieurs codes. Vérifiez qu’il s’agit d’un seul papier.")
#: The holder of records from the resident's own devices (vault.records.models.RESIDENT).
RESIDENT = "résident"
NO_TIME = gettext_noop("Une partie de ce parcours n’a pas d’heure : sa longueur est montrée, sans en faire un trajet.")
DOUBTED = gettext_noop(
    "Des positions sont datées d’avant 1970, ou sautent plus vite qu’on ne se déplace : elles ne font pas de trajet."
)
PATH_ONLY = gettext_noop(
    "La longueur de ce parcours est montrée. Rien n’en est gardé : aucune partie de plus de 200 mètres n’a des heures "
    "et des vitesses possibles entre deux arrêts."
)
SAME_STAMP = gettext_noop(
    "Des mesures du même moment ont deux valeurs : la dernière du fichier est retenue. Vérifiez-la."
)
NO_TRIP = gettext_noop("Ce fichier ne montre aucun trajet de plus de 200 mètres.")
ODD_PARTS = gettext_noop("Quelques passages de ce fichier sont illisibles ou incomplets : ils ne sont pas repris.")
NO_POWER = gettext_noop(
    "Ce fichier donne le rayonnement du soleil, et pas la production d’une installation : rien n’en est gardé."
)
#: The holder of records from a bank's file: most files do not name the bank.
BANK = "banque"
PENDING = gettext_noop("Des opérations sont encore en attente à la banque : elles ne sont pas reprises.")
NOT_MADE = gettext_noop("Des opérations annulées ou refusées par la banque ne sont pas reprises.")
ROWS_NOT_PLACED = gettext_noop("Des lignes n’ont ni lieu ni heure que nous comprenons : elles ne sont pas reprises.")
ROWS_NOT_READ = gettext_noop("Des lignes n’ont ni date ni montant que nous comprenons : elles ne sont pas reprises.")
ROWS_WITHOUT_DIRECTION = gettext_noop(
    "Des lignes ne disent pas si leur montant sort ou entre, ou leur signe dit le contraire : elles ne sont pas "
    "reprises."
)
SHORT_YEARS = gettext_noop(
    "Les années de ce tableau ont deux chiffres. Nous avons lu l’année en dernier : vérifiez les dates."
)
ALL_COME_IN = gettext_noop(
    "Aucun montant de ce tableau n’a le signe moins : tous sont lus comme des entrées. S’il y a des dépenses, ne le "
    "rangez pas ainsi : dites quelle colonne donne le sens, ou le débit."
)
BALANCES_DIFFER = gettext_noop(
    "Les soldes de ce tableau ne sont pas ceux que donnent ses opérations. Une colonne est peut-être mal nommée, ou "
    "des lignes manquent : vérifiez avant de ranger."
)
OLDER = gettext_noop(
    "Ce tableau a plus de 20 000 opérations : seules les plus récentes sont reprises. "
    "Pour garder les autres, envoyez-les à part, par exemple une année à la fois."
)
END_MISSING = gettext_noop(
    "La fin de ce fichier manque : des opérations peuvent manquer aussi. "
    "Téléchargez-le à nouveau chez votre banque pour les avoir toutes."
)
DAYS_FIRST = gettext_noop(
    "Rien ne dit si ses dates commencent par le jour ou par le mois. "
    "Nous avons pris le jour d’abord, comme en France : vérifiez-les."
)
HOLDINGS_LEFT_OUT = gettext_noop(
    "Les placements et les biens que décrit ce fichier ne sont pas repris : seules les opérations le sont."
)
NOTHING_INSIDE = gettext_noop("Ce fichier s’ouvre, mais il ne contient aucune donnée.")
NOTHING_KEPT = gettext_noop("Ce fichier est lu, et rien n’en est gardé.")
LAST_LINE_OPEN = gettext_noop(
    "La dernière ligne de ce fichier n’a pas de fin. S’il a été coupé, sa dernière valeur peut être fausse : "
    "vérifiez-la."
)
GAS_SHARED_OUT = gettext_noop(
    "Des relevés couvrent plus d’un jour : leur énergie est répartie également entre les jours, c’est une estimation."
)
GAS_TWO_KINDS = gettext_noop(
    "Ce fichier donne des jours et des relevés plus longs qui les couvrent : seuls les jours sont gardés."
)
PART_NOT_READ = gettext_noop(
    "Une partie de ce fichier n’est pas reprise : ce n’est ni une énergie, ni une puissance du foyer."
)
HEAD_GOES_FURTHER = gettext_noop(
    "L’en-tête de ce fichier annonce des mesures plus récentes que celles qu’il contient. S’il a été coupé, "
    "téléchargez-le à nouveau."
)
NO_READING_TYPE = gettext_noop(
    "Une partie de ce fichier ne dit pas ce que mesurent ses nombres, énergie, puissance ou volume : "
    "rien n’en est gardé."
)
TEST_AUTHORITY = gettext_noop("Signature d’une autorité de test : acceptée pour la démonstration seulement.")
CORRECTED_NOTICE = gettext_noop(
    "Un avis corrigé, plus récent, existe. Téléchargez-le et utilisez-le à la place de celui-ci."
)
EVENT_WITHOUT_DATE = gettext_noop("Un événement n’a pas de date. Il n’est pas repris.")
NO_EVENT = gettext_noop("Ce calendrier ne contient aucun événement.")
CANCELLED_EVENTS = gettext_noop("Les événements annulés ne sont pas repris.")
UNKNOWN_ZONE = gettext_noop(
    "Le fuseau horaire de certains événements ne nous est pas connu : nous avons pris l’heure de Paris. Vérifiez-les."
)
CALENDAR_CUT = gettext_noop(
    "La fin de ce calendrier manque : des événements peuvent manquer aussi. Exportez-le à nouveau pour les avoir tous."
)
FOR_THE_CHILD = gettext_noop("Vous ouvrez ce droit, mais c’est votre parent qui le reçoit.")
LINES_LEFT_OUT = gettext_noop("Des lignes sans date, sans nom ou sans prix ne sont pas reprises.")
MASKED = gettext_noop("L’organisme n’a pas transmis toutes les valeurs. Les autres sont à compléter.")
MENDED_DATE = gettext_noop("Une date du fichier n’existe pas au calendrier. Le dernier jour du mois est retenu.")
MONTH_OF_CERTIFICATION = gettext_noop(
    "Le mois du quotient n’est pas écrit. Celui de sa certification est retenu : vérifiez-le."
)
NAMES_IN_ONE = gettext_noop("Les noms et prénoms étaient écrits ensemble. Vérifiez-les.")
NO_BIRTH_DATE = gettext_noop(
    "La date de naissance d’une personne manque, ou n’est pas une date : elle est à compléter."
)
NO_FOOTPRINT = gettext_noop("L’empreinte de ce produit n’est pas connue.")
NO_MASS = gettext_noop("Le poids du paquet n’est pas connu : seule l’empreinte par kilo est donnée.")
PARTIAL_DATE = gettext_noop("Une date est incomplète : le jour ou le mois n’est pas connu.")
PARTIAL_NOTICE = gettext_noop("Cet avis ne couvre qu’une partie de l’année ou du foyer. Vérifiez ses montants.")
