"""The calls of the original system's web client, as a browser makes them: cookies, forms, and nothing else."""

from __future__ import annotations

import math
import time
from typing import Any

import requests

PATIENCE_SECONDS = 120
PIECE_BYTES = 64 << 10


class OriginalClient:
    """One user's browser. A call that is refused raises `requests.HTTPError` with the answer in its text."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.session = requests.Session()

    def get(self, path: str) -> Any:
        return self._checked(self.session.get(self._url + path, timeout=60)).json()

    def download(self, path: str) -> requests.Response:
        return self._checked(self.session.get(self._url + path, timeout=60))

    def post(self, path: str, **content: Any) -> Any:
        return self._checked(self.session.post(self._url + path, timeout=60, **content)).json()

    def upload(self, path: str, name: str, data: bytes, **fields: object) -> list[Any]:
        """In pieces, one request each; the answers."""
        total = max(1, math.ceil(len(data) / PIECE_BYTES))
        return [
            self.post(
                path, data={"chunk_index": index, "total_chunks": total, **fields},
                files={"file": (name, data[index * PIECE_BYTES : (index + 1) * PIECE_BYTES])})
            for index in range(total)
        ]

    def poll(self, path: str, until: set[str]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            seen = self.get(path)
            if seen["status"] in until:
                return seen
            if time.monotonic() > deadline:
                raise AssertionError(f"{path} did not come to {until} in {PATIENCE_SECONDS} s: {seen}")
            time.sleep(0.2)

    @staticmethod
    def _checked(answer: requests.Response) -> requests.Response:
        if not answer.ok:
            raise requests.HTTPError(f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}",
                                     response=answer)
        return answer
