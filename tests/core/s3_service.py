"""A local server that follows S3's documentation, for the requests that the portal makes.

https://docs.aws.amazon.com/AmazonS3/latest/API/ It has one bucket, `papers`. `versions` is True if objects keep their
past versions, None if versions are unsupported.
"""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 3


@dataclass
class Version:
    id: str
    content: bytes | None  # None for a delete marker
    at: datetime


@dataclass
class Bucket:
    versions: bool | None = False
    objects: dict[str, list[Version]] = field(default_factory=dict)
    uploads: dict[str, tuple[str, dict[int, bytes], datetime]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    trouble: str = ""
    address: str = ""
    headers: list[Any] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def now(self, key: str) -> Version | None:
        kept = self.objects.get(key)
        return kept[-1] if kept and kept[-1].content is not None else None

    def put(self, key: str, content: bytes | None) -> None:
        version = Version(f"v{next(self.numbers)}" if self.versions else "null", content, datetime.now(UTC))
        self.objects[key] = [*self.objects.get(key, []), version] if self.versions else [version]

    def everything(self) -> dict[str, bytes]:
        return {
            f"{key} {version.id}": version.content
            for key, kept in self.objects.items()
            for version in kept
            if version.content is not None
        }


class Answer(Exception):
    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = (
            status,
            body,
            {name.replace("_", "-"): value for name, value in headers.items()},
        )


def fault(status: int, code: str) -> Answer:
    return Answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())


def when(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def answer(bucket: Bucket, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
    if not headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256"):
        return fault(403, "AccessDenied")
    if bucket.trouble:
        return fault(507 if bucket.trouble == "QuotaExceeded" else 503, bucket.trouble)
    name, _, key = path.lstrip("/").partition("/")
    if name != "papers":
        return fault(404, "NoSuchBucket")
    if not key:
        return list_objects(bucket, query)
    return in_parts(bucket, method, key, query, body) or of_object(bucket, method, key, query, headers, body)


def of_object(bucket: Bucket, method: str, key: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
    if method == "PUT":
        bucket.sizes.append(len(body))
        bucket.put(key, body)
        return Answer(200, ETag='"x"')
    if method == "DELETE":
        if wanted := query.get("versionId"):
            bucket.objects[key] = [version for version in bucket.objects.get(key, []) if version.id != wanted]
        elif bucket.versions:
            bucket.put(key, None)
        else:
            bucket.objects.pop(key, None)
        return Answer(204)
    found = bucket.now(key)
    if found is None or found.content is None:
        return fault(404, "NoSuchKey")
    modified = found.at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if method == "HEAD":
        return Answer(200, Content_Length=str(len(found.content)), Last_Modified=modified)
    start, _, end = headers["Range"].removeprefix("bytes=").partition("-")
    piece = found.content[int(start) : int(end) + 1]
    if not piece:
        return fault(416, "InvalidRange")
    content_range = f"bytes {start}-{int(start) + len(piece) - 1}/{len(found.content)}"
    return Answer(206, piece, Content_Range=content_range, Last_Modified=modified)


def in_parts(bucket: Bucket, method: str, key: str, query: dict[str, str], body: bytes) -> Answer | None:
    if method == "POST" and "uploads" in query:
        number = f"u{next(bucket.numbers)}"
        bucket.uploads[number] = key, {}, datetime.now(UTC)
        return Answer(
            200,
            f"<InitiateMultipartUploadResult><UploadId>{number}</UploadId></InitiateMultipartUploadResult>".encode(),
        )
    if "uploadId" not in query:
        return None
    if query["uploadId"] not in bucket.uploads:
        return fault(404, "NoSuchUpload")
    _key, parts, _at = bucket.uploads[query["uploadId"]]
    if method == "PUT":
        bucket.sizes.append(len(body))
        parts[int(query["partNumber"])] = body
        return Answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')
    del bucket.uploads[query["uploadId"]]
    if method == "DELETE":
        return Answer(204)
    bucket.put(key, b"".join(parts[number] for number in sorted(parts)))
    return Answer(200, b"<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>")


def list_objects(bucket: Bucket, query: dict[str, str]) -> Answer:
    prefix = query.get("prefix", "")
    if "uploads" in query:
        found = [
            f"<Upload><Key>{escape(key)}</Key><UploadId>{number}</UploadId><Initiated>{when(at)}</Initiated></Upload>"
            for number, (key, _parts, at) in bucket.uploads.items()
            if key.startswith(prefix)
        ]
        return Answer(200, f"<ListMultipartUploadsResult>{''.join(found)}</ListMultipartUploadsResult>".encode())
    if "versions" in query:
        if bucket.versions is None:
            return fault(501, "NotImplemented")
        rows = [
            (key, version)
            for key, kept in sorted(bucket.objects.items())
            if key.startswith(prefix)
            for version in kept
        ]
        versions = "".join(version_xml(key, version) for key, version in rows)
        return Answer(200, f"<ListVersionsResult>{versions}</ListVersionsResult>".encode())
    return list_current_objects(bucket, prefix, query)


def version_xml(key: str, version: Version) -> str:
    tag = "DeleteMarker" if version.content is None else "Version"
    modified = f"<LastModified>{when(version.at)}</LastModified>"
    return f"<{tag}><Key>{escape(key)}</Key><VersionId>{version.id}</VersionId>{modified}</{tag}>"


def list_current_objects(bucket: Bucket, prefix: str, query: dict[str, str]) -> Answer:
    """List objects in small pages, to detect callers that read only the first page."""
    keys = sorted(key for key in bucket.objects if key.startswith(prefix) and bucket.now(key))
    folders: list[str] = []
    if delimiter := query.get("delimiter"):
        deep = [key for key in keys if delimiter in key[len(prefix) :]]
        folders = sorted({prefix + key[len(prefix) :].partition(delimiter)[0] + delimiter for key in deep})
        keys = [key for key in keys if key not in deep]
    every = {
        key: f"<Contents><Key>{escape(key)}</Key>"
        f"<LastModified>{when(bucket.objects[key][-1].at)}</LastModified></Contents>"
        for key in keys
    }
    every |= {folder: f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in folders}
    left = [name for name in sorted(every) if name > query.get("marker", "")]
    more = len(left) > PAGE
    token = f"<NextMarker>{escape(left[PAGE - 1])}</NextMarker>" if more and delimiter else ""
    contents = "".join(every[name] for name in left[:PAGE])
    return Answer(
        200,
        f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{token}{contents}</ListBucketResult>".encode(),
    )


@contextmanager
def served(bucket: Bucket) -> Iterator[str]:
    """Run the service and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.headers.get("Expect") == "100-continue":
                self.send_response_only(100)
                self.end_headers()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            bucket.asked.append(f"{self.command} {self.headers.get('Range', '')}".strip())
            bucket.headers.append(self.headers)
            reply = answer(bucket, self.command, unquote(parts.path), query, self.headers, body)
            self.send_response(reply.status)
            headers = {"Content-Length": str(len(reply.body)), "Content-Type": "application/xml"} | reply.headers
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET

        def handle_expect_100(self) -> bool:
            return True

        def log_message(self, format: str, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
