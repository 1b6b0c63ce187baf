"""The master's REST facade, as any client would use it: standard library only."""

from __future__ import annotations

import http.client
import json
import secrets
import urllib.parse
from collections.abc import Sequence
from typing import Any


class Refused(Exception):
    """The master has answered, and not with success."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:500]}")
        self.status = status


class Away(Exception):
    """No answer came; whether the request was carried out is not known."""


class Facade:
    """One request a connection. Thread-safe."""

    timeout = 20.0

    def __init__(self, addresses: Sequence[tuple[str, int]]) -> None:
        self.addresses = list(addresses)
        self.token = ""

    def register(self, name: str) -> None:
        body = {"username": name, "email": f"{name}@campaign.example", "password": secrets.token_urlsafe(24)}
        _, headers, _ = self._exchange("POST", "/api/auth/register", json.dumps(body).encode(), "application/json")
        for name_and_value in headers.get_all("set-cookie") or []:
            if name_and_value.startswith("access_token="):
                self.token = name_and_value.split("=", 1)[1].split(";", 1)[0].strip('"')

    def get(self, path: str) -> bytes:
        return self._exchange("GET", path)[2]

    def get_json(self, path: str) -> Any:
        return json.loads(self.get(path))

    def submit(self, fields: Sequence[tuple[str, str]], files: Sequence[tuple[str, str, bytes]]) -> int:
        """Returns the job's number. `files` are (field, file name, content)."""
        boundary = secrets.token_hex(16)
        body = bytearray()
        for name, value in fields:
            body += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, file_name, content in files:
            disposition = f'form-data; name="{name}"; filename="{file_name}"'
            body += f"--{boundary}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
        body += f"--{boundary}--\r\n".encode()
        answer = self._exchange("POST", "/api/job/submit", bytes(body), f"multipart/form-data; boundary={boundary}")[2]
        return int(json.loads(answer)["job_id"])

    def jobs(self) -> list[dict[str, Any]]:
        """All of the user's, newest first."""
        found: list[dict[str, Any]] = []
        query = "?limit=1000"
        while True:
            page = self.get_json(f"/api/users/jobs{query}")
            found += page["jobs"]
            if page.get("next_before") is None:
                return found
            query = f"?limit=1000&before={page['next_before']}"

    def output(self, job: int, path: str) -> bytes:
        return self.get(f"/api/job/{job}/outputs/{urllib.parse.quote(path)}")

    def _exchange(
        self, method: str, path: str, body: bytes | None = None, content_type: str | None = None
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if content_type:
            headers["Content-Type"] = content_type
        problem: Exception | None = None
        for address in list(self.addresses):
            connection = http.client.HTTPConnection(*address, timeout=self.timeout)
            try:
                connection.connect()
            except OSError as error:
                # Nothing was asked yet: another master may be asked instead.
                problem = error
                continue
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise Away(f"{method} {path}: {error!r}") from error
            finally:
                connection.close()
            if response.status >= 300:
                raise Refused(response.status, content.decode(errors="replace"))
            return response.status, response.headers, content
        raise Away(f"{method} {path}: {problem!r}")
