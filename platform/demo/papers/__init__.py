"""The papers of fictional residents: each kind drawn, each resident's own, and the authority that signs them."""
