"""“Faire le point”: one question a page, with or without an account.

The answers of an interview lie in the browser's sealed session for two hours. They are applied in memory to the values
of the vault, or to none, so that the same code reads both; nothing is written before the resident asks for it.
"""
