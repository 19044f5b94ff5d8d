"""The web server: `python -m config.serve --host 127.0.0.1 --port 8000 --workers 2 --threads 4`.

The application is loaded once (with SIMULATE=1 also the law); the workers are forked and share that memory. New code
needs a restart.
"""

import argparse
import gc
import resource
import socket
import sys
from wsgiref.types import WSGIApplication

import uvicorn

from config import checks
from config.bridge import Bridge
from config.connections import Connection, Limits
from config.workers import Workers

BACKLOG = 1024
CONNECTIONS = 65_536
#: Seconds for the requests under way when the server stops.
STOPS_WITHIN = 5


class Listening(socket.socket):
    """A socket that keeps its backlog. asyncio would reduce it to what one worker accepts at a time."""

    def listen(self, backlog: int = BACKLOG, /) -> None:
        super().listen(BACKLOG)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m config.serve", description="Serve the portal.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--threads", type=int, default=4, help="pages that each process makes at once")
    chosen = parser.parse_args()
    from config.wsgi import application

    checks.refuse_to_serve(chosen.host)
    limits = Limits(pages=chosen.threads)
    return serve(application, chosen.host, chosen.port, workers=chosen.workers, limits=limits)


def serve(application: WSGIApplication, host: str, port: int, *, workers: int, limits: Limits) -> int:
    """Serve until SIGTERM or SIGINT. Return the exit code."""
    from django.conf import settings

    Connection.limits = limits
    config = uvicorn.Config(
        Bridge(application, limits, settings.ALLAUTH_TRUSTED_PROXY_COUNT),
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        backlog=1,  # A worker that accepts one connection at a time leaves the others theirs.
        timeout_graceful_shutdown=STOPS_WITHIN,
    )
    with Listening(socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, CONNECTIONS), most))
        gc.freeze()
        return Workers(lambda: uvicorn.Server(config).run([listening]), workers, patience=STOPS_WITHIN).run()


if __name__ == "__main__":
    sys.exit(main())
