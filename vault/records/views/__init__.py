"""The resident's own pages. Each view parses the request, calls one verb, and renders."""
