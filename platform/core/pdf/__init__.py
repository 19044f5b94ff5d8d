"""Tagged PDF: `layout.py` renders a service's document in a worker; `apart.py` renders one page during a request."""
