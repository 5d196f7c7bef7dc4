"""Citizens at the door: joining, choosing what to receive, and seeing, correcting and erasing what is held about them.

Every page here is open to everybody, works without a script, and is proved by what only the holder of a number can know: a code by
SMS, or the letters of a link. A GET shows and asks; only a POST acts. No page tells whether a number is known.
"""

from __future__ import annotations

from flask import Flask

from contacts import jobs
from contacts.public import preferences, self_service, sign_up
from engage.jobs import register_sweep


def install(app: Flask) -> None:
    for part in (sign_up, preferences, self_service):
        app.register_blueprint(part.blueprint)
    register_sweep(app, "single_texts", lambda s: s.timings.sweep, jobs.ring_single_texts)
    register_sweep(app, "citizens_at_the_door", lambda s: 3600.0, jobs.tidy_at_the_door)
