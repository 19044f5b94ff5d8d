"""Tagged PDF: what a service draws in a worker (layout.py), and one page for who waits for it (apart.py)."""
