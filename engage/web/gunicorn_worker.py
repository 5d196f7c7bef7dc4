"""gunicorn's threaded worker, which tells the application how many requests wait for one of its threads."""

from __future__ import annotations

from typing import Any

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from engage.web.crowd import CROWD


class CountingWorker(ThreadWorker):  # type: ignore[misc]
    """A request counts as waiting from the moment its connection is handed to the threads until one of them takes it up."""

    def enqueue_req(self, conn: Any) -> None:
        CROWD.joins()
        super().enqueue_req(conn)

    def handle(self, conn: Any) -> Any:
        CROWD.is_called()
        return super().handle(conn)
