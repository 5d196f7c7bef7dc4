"""Many times more citizens than two web processes can serve, all at once: whoever was thanked is stored, everybody else is asked to come
again before anything was looked up, and whoever comes again counts once."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from engage.clock import now
from engage.db import db, transaction
from engage.embedded.processes import spawn
from engage.operations.up import ROOT, engage_command
from surveys import commands, queries
from tests.faults.crowding import crowd
from tests.faults.harness import Ground
from tests.make import make_contacts, make_survey

LINKS, AT_ONCE, MOST, SECONDS = 4000, 120, 6, 2.0


@contextmanager
def web(ground: Ground, most: int) -> Iterator[int]:
    """Two web processes that take `most` citizens each at once; their port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    process = spawn(
        engage_command("web", "--port", str(port), "--workers", "2"),
        log=Path(ground.environ["ENGAGE_DATA"]) / "logs" / "web.log",
        environment=ground.environ | {"ENGAGE_CITIZENS_AT_ONCE": str(most)},
        folder=ROOT,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the web never came up"
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(25)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_whoever_is_thanked_under_overload_is_stored(ground: Ground) -> None:
    def invite() -> tuple[int, list[str]]:
        survey_id = make_survey(ground.district_id)
        people = make_contacts(ground.district_id, LINKS)
        with transaction():
            invited = commands.invite_identities(survey_id, ground.district_id, people, now() + timedelta(days=5))
        return survey_id, [link.rsplit("/", 1)[1] for link in queries.links_of(invited[each] for each in people)]

    survey_id, tokens = ground.do(invite)

    def stored() -> set[int]:
        rows = db.session.execute(text("SELECT invitation_id FROM response WHERE survey_id = :id"), {"id": survey_id})
        return set(rows.scalars())

    def invitations(letters: list[str]) -> set[int]:
        found = {queries.find_link(each) for each in letters}
        return {each.invitation_id for each in found if each is not None}

    with web(ground, MOST) as port:
        told = crowd(port, tokens, at_once=AT_ONCE, seconds=SECONDS)
        assert told.acknowledged and told.shed, (len(told.acknowledged), len(told.shed), told.others)
        assert told.without_retry_after == 0 and not told.others
        assert ground.do(stored) == ground.do(lambda: invitations(told.acknowledged)), "acknowledged, and nothing else, is stored"
        # Nothing was looked up for those who were shed: not even that their links were opened.
        touched = ground.ask("SELECT count(*) FROM invitation WHERE survey_id = %s AND (started_at IS NOT NULL OR answered)", survey_id)
        assert touched == [(len(told.acknowledged),)]
        # They come again, a few at a time.
        later = crowd(port, told.shed[:80], at_once=4, seconds=10)
        assert len(later.acknowledged) == min(80, len(told.shed)) and not later.others
        assert len(ground.do(stored)) == len(told.acknowledged) + len(later.acknowledged)
