"""What each finding says to the publisher and to agents: what was seen, then what to do about it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ADDRESSES: dict[str, Promise] = {
    "refused_malformed": _("%(url)s n’est pas une adresse. Corrigez-la."),
    "refused_password": _("%(url)s contient un mot de passe. Écrivez l’adresse sans lui."),
    "refused_not_https": _("%(url)s n’est pas chiffrée. L’adresse commence par https."),
    "refused_private": _("%(url)s mène à un réseau privé. Donnez une adresse que tout le monde peut atteindre."),
    "refused_port": _("%(url)s n’est pas sur le port 443, le seul que nous appelons. Changez-le."),
    "answer_certificate": _("Le certificat de %(url)s n’est pas valable pour ce nom. Corrigez-le."),
    "answer_expired": _("Le certificat de %(url)s a pris fin. Renouvelez-le."),
    "answer_too_long": _("%(url)s envoie plus de deux mégaoctets. Allégez la page."),
    "answer_redirect": _("%(url)s renvoie sans fin d’une adresse à l’autre. Donnez l’adresse finale."),
    "answer_broken": _("%(url)s envoie une réponse illisible. Vérifiez votre serveur."),
    "answer_unknown": _("Le nom de %(url)s est introuvable. Vérifiez l’adresse, puis réessayez."),
    "answer_down": _("%(url)s ne répond pas. Vérifiez votre serveur, puis réessayez."),
    "answer_slow": _("%(url)s ne répond pas à temps. Vérifiez votre serveur, puis réessayez."),
    "answer_tls": _("%(url)s n’accepte pas notre connexion chiffrée. Il faut TLS 1.2 ou plus."),
    "page_busy": _("%(url)s répond par l’erreur %(status)s. Réessayez plus tard."),
    "page_gone": _("%(url)s répond par l’erreur %(status)s. Remettez la page en ligne, ou changez son adresse."),
    "not_html": _("%(url)s n’est pas une page, mais un fichier (%(type)s). Publiez une page."),
}
DECLARED: dict[str, Promise] = {
    "siret_key": _("Le SIRET %(siret)s n’existe pas : sa clé est fausse. Demandez à la ville de le corriger."),
    "register_silent": _("L’annuaire des entreprises n’a pas répondu pour le SIRET %(siret)s. Réessayez plus tard."),
    "siret_unknown": _(
        "L’annuaire des entreprises ne connaît pas le SIRET %(siret)s. Demandez à la ville de le corriger."
    ),
    "company_closed": _(
        "L’entreprise du SIRET %(siret)s est fermée (date : %(day)s). La charte demande une entreprise active."
    ),
    "siret_closed": _(
        "L’établissement %(siret)s est fermé (date : %(day)s). Donnez le SIRET d’un établissement ouvert."
    ),
    "natural_person": _("Le SIRET %(siret)s est celui d’une personne seule. La charte demande une personne morale."),
    "siret_open": _("Le SIRET %(siret)s est ouvert : %(name)s."),
    "no_contact": _("Aucun contact pour les données. Écrivez son adresse."),
    "contact_waits": _("Personne n’a encore confirmé %(address)s. Envoyez-y le lien, puis ouvrez-le."),
    "contact_confirmed": _("%(address)s reçoit le courrier : le lien a été ouvert."),
    "rights_confirmed": _("%(address)s reçoit les demandes : le lien a été ouvert."),
    "no_purpose": _("La demande n’a aucun but. Écrivez-en un."),
    "purpose_long": _("« %(purpose)s » a %(count)s caractères. Il en faut 200 au plus."),
    "purpose_vague": _("« %(purpose)s » contient « %(word)s », trop vague. Dites ce que fait le service."),
    "purpose_hard": _("« %(purpose)s » a une phrase de %(count)s mots. Coupez-la : 30 mots au plus."),
    "purpose_twice": _("« %(purpose)s » dit la même chose qu’un autre but. Gardez-en un."),
    "purposes_plain": _("Chaque but est court et clair. Nombre de buts : %(count)s."),
    "nothing_asked": _("La demande ne porte sur aucune donnée. Ajoutez celles dont le service a besoin."),
    "reason_missing": _("Ces données n’ont pas de vraie raison : %(asked)s. Dites à quoi sert chacune."),
    "all_required": _(
        "Les %(count)s données sont toutes nécessaires. Un agent regardera si le service marche avec moins."
    ),
    "all_justified": _("Chaque donnée a sa raison. Demandées : %(count)s, nécessaires : %(required)s."),
    "keeps_too_long": _("« %(purpose)s » garde les données %(days)s jours. 36 mois au plus."),
    "keeps_longer": _(
        "« %(purpose)s » garde les données %(days)s jours, plus que ne dure un accord (un an)."
        " Un agent regardera pourquoi."
    ),
    "keeps_for": _("Les données sont gardées un temps borné. Jours, au plus : %(days)s."),
    "keeps_nothing": _("Le service ne garde aucune copie."),
    "common_number": _(
        "Ces données permettent de recouper des fichiers : %(asked)s. Un agent regardera si elles servent."
    ),
    "no_common_number": _("Le service ne demande aucun numéro qui permette de recouper des fichiers."),
}
CONNECTION: dict[str, Promise] = {
    "country_unknown": _("Le pays de l’adresse %(address)s n’est pas connu. Un agent regardera vos contrats."),
    "country_outside": _(
        "L’adresse %(address)s est déclarée hors d’Europe (%(country)s). Dites où sont les serveurs."
    ),
    "country_inside": _(
        "L’adresse %(address)s est déclarée en Europe (%(country)s). C’est un indice, pas une preuve."
    ),
    "tls_old": _("%(url)s refuse TLS 1.2 et TLS 1.3. Activez-les."),
    "certificate_ends": _(
        "Le certificat prend bientôt fin. Jours qui restent : %(days)s. Renouvelez-le : il en faut 15."
    ),
    "no_hsts": _("%(url)s n’envoie pas Strict-Transport-Security pour six mois. Ajoutez « max-age=31536000 »."),
    "tls_modern": _("La connexion est moderne : %(version)s, certificat encore valable %(days)s jours, HSTS."),
    "headers_lacking": _("La page d’accueil n’est pas assez protégée : %(lacking)s. Corrigez les en-têtes."),
    "headers_safe": _("Les en-têtes et les cookies de %(host)s sont sûrs."),
}
PAGES: dict[str, Promise] = {
    "trackers": _("La page de la politique charge des traceurs : %(hosts)s. Retirez-les."),
    "third_parties": _(
        "La page de la politique charge d’autres sites : %(hosts)s. Un agent regardera ce qu’ils font."
    ),
    "no_third_party": _("%(url)s ne charge rien d’un autre site."),
    "policy_language": _('La politique se dit en « %(language)s ». Écrivez-la en français, avec lang="fr".'),
    "policy_lacks": _("La politique ne parle pas de : %(lacking)s. Ajoutez-le."),
    "policy_undated": _("La politique n’a pas de date. Écrivez celle de sa dernière version."),
    "policy_changed": _("La politique a changé depuis la décision de la ville. Un agent la relira."),
    "policy_whole": _("La politique est en français, datée, et dit l’essentiel."),
    "no_processor": _("Le service dit n’avoir aucun sous-traitant."),
    "processors_absent": _("%(url)s ne nomme pas : %(names)s. Mettez la liste à jour."),
    "processors_published": _("Chaque sous-traitant est publié. Nombre : %(count)s."),
    "security_absent": _("%(url)s n’existe pas, ou n’est pas un fichier texte. Publiez-le (RFC 9116)."),
    "security_contact": _("%(url)s n’a pas de ligne « Contact ». Ajoutez-la."),
    "security_undated": _("%(url)s n’a pas de date « Expires ». Ajoutez-la."),
    "security_over": _("%(url)s a pris fin le %(day)s. Mettez une date à venir."),
    "security_there": _("Le fichier security.txt est là, jusqu’au %(day)s."),
    "statement_unknown": _(
        "L’adresse de la déclaration d’accessibilité n’est pas connue. Donnez-la comme preuve de l’exigence C21."
    ),
    "statement_silent": _("%(url)s ne dit pas si le service est conforme. Écrivez : totalement, en partie ou non."),
    "axe_absent": _(
        "La déclaration est là. L’outil qui contrôle les pages n’est pas installé ici : un agent regardera."
    ),
    "axe_faults": _("Défauts vus par axe : %(count)s (%(rules)s). Corrigez-les."),
    "axe_sound": _("La déclaration est là, et axe ne voit aucun défaut sur elle ni sur la page d’accueil."),
    "page_heavy": _("La page d’accueil pèse %(kilobytes)s ko ou plus (%(parts)s fichiers). 1 000 ko au plus."),
    "page_light": _("La page d’accueil pèse %(kilobytes)s ko (%(parts)s fichiers)."),
}
SIGNALS: dict[str, Promise] = {
    "signal_unknown": _("L’adresse des signaux n’est pas connue. Écrivez-la sur la page des contrôles."),
    "signal_slow": _(
        "%(url)s n’a pas répondu au signal « %(event)s » en dix secondes. Répondez d’abord, travaillez ensuite."
    ),
    "signal_refused": _("%(url)s a répondu %(status)s au signal « %(event)s ». Répondez 200 ou 204."),
    "signal_not_checked": _("%(url)s a accepté un signal dont la signature est fausse. Vérifiez les signatures."),
    "signal_answered": _("%(url)s répond aux signaux d’essai."),
}
TRIALS: dict[str, Promise] = {
    "trials_passed": _("Un programme d’essai a réussi les %(count)s épreuves de connexion."),
    "trials_failed": _("Un programme d’essai a échoué ; il lui manque : %(trials)s. Corrigez-le, puis recommencez."),
    "trials_missing": _(
        "Épreuves de connexion réussies par un programme d’essai : %(done)s sur %(count)s. Faites les autres."
    ),
}
SECRETS: dict[str, Promise] = {
    "no_program": _("Le service n’a aucun programme. Enregistrez-en un."),
    "secret_undated": _("L’âge d’un secret de %(program)s n’est pas connu. Faites-en un nouveau."),
    "secret_old": _("Un secret de %(program)s a %(days)s jours. Changez-le : un an au plus."),
    "secrets_recent": _("Tous les secrets ont moins d’un an. Âge du plus ancien, en jours : %(days)s."),
}
LATER: dict[str, Promise] = {
    "needs_sandbox": _("Cela ne se contrôle pas encore avec des personnes fictives. Un agent regardera vos preuves."),
    "needs_keys": _("L’âge de vos secrets n’est pas encore mesuré ici. Un agent regardera vos preuves."),
    "needs_complaints": _("Vos délais de réponse ne sont pas encore mesurés ici. Un agent regardera vos preuves."),
    "our_fault": _("Ce contrôle a échoué chez nous, pas chez vous. Réessayez ; sinon, un agent regardera."),
}
PRACTICE: dict[str, Promise] = {
    "nothing_optional": _("Aucune donnée n’est facultative : il n’y a rien à refuser."),
    "optional_untried": _(
        "« %(purpose)s » : personne n’a encore tout refusé sauf le nécessaire. Essayez-le dans le bac à sable, avec "
        "une personne fictive."
    ),
    "optional_unread": _(
        "« %(purpose)s » : une personne fictive a refusé le facultatif, et votre programme n’a encore rien lu. "
        "Laissez-le lire."
    ),
    "optional_needed": _(
        "« %(purpose)s » : sans le facultatif, votre programme a rendu l’accord. Le service doit marcher avec le "
        "nécessaire."
    ),
    "works_without_optional": _(
        "Dans le bac à sable, votre programme a lu le nécessaire quand le facultatif était refusé. Buts : %(count)s."
    ),
    "erasures_late": _(
        "Demandes d’effacement sans réponse dans les trente jours : %(count)s sur %(due)s. Répondez-leur."
    ),
    "deadlines_kept": _(
        "Demandes d’effacement répondues à temps : %(count)s. Un agent lit votre procédure de réclamation."
    ),
    "nothing_due": _(
        "Aucune demande d’effacement n’est arrivée à son terme. Un agent lit votre procédure de réclamation : une "
        "machine ne sait pas si une réponse convient."
    ),
}
SENTENCES: dict[str, Promise] = (
    PRACTICE | ADDRESSES | DECLARED | CONNECTION | PAGES | SIGNALS | TRIALS | SECRETS | LATER
)

#: Codes inside a sentence's list.
NAMES: dict[str, Promise] = {
    "purposes": _("les buts"),
    "length": _("la durée de conservation"),
    "officer": _("le délégué à la protection des données"),
    "cnil": _("la CNIL"),
    "rights": _("les droits des personnes"),
    "csp": _("pas de Content-Security-Policy pour les scripts"),
    "unsafe_inline": _("'unsafe-inline' permet tout script"),
    "csp_open": _("les scripts de tous les sites sont permis"),
    "nosniff": _("pas de X-Content-Type-Options: nosniff"),
    "frames": _("pas de frame-ancestors"),
    "cookie_secure": _("un cookie sans Secure"),
    "cookie_httponly": _("un cookie sans HttpOnly"),
    "cookie_samesite": _("un cookie sans SameSite"),
    # Trials, and what a program's requests lack.
    "sound": _("une connexion normale"),
    "state": _("un state vérifié"),
    "issuer": _("un émetteur (iss) vérifié"),
    "nonce": _("un nonce vérifié"),
    "audience": _("le destinataire du jeton vérifié"),
    "token_issuer": _("l’émetteur du jeton vérifié"),
    "expired": _("la fin du jeton vérifiée"),
    "signature": _("la signature vérifiée"),
    "unsigned": _("le refus d’un jeton non signé"),
    "redirect": _("une adresse de retour exacte"),
    "pkce": _("PKCE par S256"),
    "openid": _("le code demandé, avec openid"),
    "prompt": _("pas d’approval_prompt"),
    "verifier": _("le bon code_verifier"),
    "token_error": _("une erreur respectée"),
    "replay": _("un code envoyé une fois"),
    "once": _("un code envoyé une fois"),
    "narrowed": _("ce qui est accordé, lu"),
    "revoked": _("l’arrêt au premier refus"),
    "stops": _("l’arrêt au premier refus"),
}
