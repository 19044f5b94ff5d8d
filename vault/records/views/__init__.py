"""The resident's own pages. Each parses, calls one verb, and answers."""
