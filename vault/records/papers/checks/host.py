"""The bundle of a lodged resident, as files of one paper: the host's statement, identity and proof of address."""

from vault.records.enums import Outcome
from vault.records.papers.checks.check_input import CheckInput

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


def bundle(inputs: CheckInput) -> Outcome:
    """Check that the bundle is complete. A photo, or a page without a title, may be any missing paper."""
    found = [kind for kinds in inputs.kinds for kind in kinds]
    missing = [papers for papers in (IDENTITY, ADDRESS) if not papers.intersection(found)]
    if not missing:
        return Outcome.PASSED
    return Outcome.FAILED if inputs.pages <= max(len(missing), len(found)) else Outcome.INCONCLUSIVE
