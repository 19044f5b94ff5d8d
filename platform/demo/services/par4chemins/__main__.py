"""Run the service: python -m demo.services.par4chemins HOST PORT

PORTAL_URL is the portal's address; PAR4CHEMINS_CLIENT, the file with the program's identifier, secret and purpose.
"""

import sys
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from demo.services.par4chemins.site import Site


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: an address may have a code."""


if __name__ == "__main__":
    make_server(sys.argv[1], int(sys.argv[2]), Site(), server_class=_Server, handler_class=_Quiet).serve_forever()
