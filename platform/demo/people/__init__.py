"""The fictional people: their accounts, their vaults on the first day, and what happened to each of them."""
