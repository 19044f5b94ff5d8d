"""Whoever is lodged brings three papers: the host's word, the host's identity, the host's proof of address. All are files of one paper."""

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import Seen

IDENTITY = {"cni", "passeport", "titre_sejour", "permis_conduire", "recepisse_sejour", "attestation_identite_unique"}
ADDRESS = {
    "attestation_contrat_energie",
    "avis_impot",
    "facture_eau",
    "facture_energie",
    "facture_telecom",
    "quittance_loyer",
    "taxe_fonciere",
}


def bundle(seen: Seen) -> Outcome:
    """A photo, or a page without a title, may be either of the papers that lack."""
    found = [kind for kinds in seen.kinds for kind in kinds]
    lacking = [papers for papers in (IDENTITY, ADDRESS) if not papers.intersection(found)]
    if not lacking:
        return Outcome.PASSED
    return Outcome.FAILED if seen.pages <= max(len(lacking), len(found)) else Outcome.INCONCLUSIVE
