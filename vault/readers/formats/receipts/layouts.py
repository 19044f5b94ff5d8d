"""The columns of each chain's table of purchases, and whether its prices are per line or per piece."""

import dataclasses

from vault.readers.files.opening import fold


@dataclasses.dataclass(frozen=True)
class Layout:
    """The folded names (no accent, no capital) of a chain's columns.

    `amount` is the price of the line; a layout without it has `unit_price`.
    """

    chain: str
    code: str
    label: str
    quantity: str
    date: str
    shop: str
    amount: str = ""
    unit_price: str = ""
    number: str = ""
    discount: str = ""

    @property
    def line(self) -> frozenset[str]:
        """Columns by which a table of this chain's lines is recognised."""
        return frozenset({self.code, self.label, self.quantity, self.amount or self.unit_price})

    @property
    def ticket(self) -> frozenset[str]:
        """Columns by which a separate table of receipts is recognised; empty if there is none."""
        return frozenset({self.number, self.date}) if self.number else frozenset()


def _layout(chain: str, **columns: str) -> Layout:
    return Layout(chain=chain, **{name: fold(column) for name, column in columns.items()})


LAYOUTS = (
    _layout(
        "Auchan",
        code="CODE_PRODUIT",
        label="NOM_PRODUIT",
        unit_price="PRIX_UNITAIRE",
        quantity="QUANTITE_VENDUE",
        date="JOUR",
        shop="CODE_POSTAL",
    ),
    _layout(
        "Carrefour",
        code="Code Barre du produit",
        label="Description du produit",
        unit_price="Prix unitaire TTC avec remise (€)",
        quantity="Quantité",
        date="Date de transaction",
        shop="NOM DU MAGASIN",
        number="Numéro du ticket de caisse magasin",
        discount="Remise sur le produit (€)",
    ),
    _layout(
        "E.Leclerc",
        code="ean",
        label="article_libelle",
        amount="article_ca",
        quantity="article_quantite_vendue",
        date="date_ticket",
        shop="code_postal",
        number="ticket",
    ),
    _layout(
        "Intermarché",
        code="COD_ARTC_EAN",
        label="LB_ARTC",
        amount="CA TTC Produit",
        quantity="Qte Vendues",
        date="DT_TICK",
        shop="COD_POIN_VENT",
    ),
    _layout(
        "Picard",
        code="CODE PRODUIT",
        label="LIBELLE ARTICLE",
        amount="PRIX TTC",
        quantity="NOMBRE UNITES",
        date="DATE TICKET",
        shop="NOM DU MAGASIN",
        number="NUMERO DE TICKET",
    ),
)
