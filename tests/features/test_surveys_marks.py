"""Answers that arrive while the mark they set is taken down again and again: every one is recorded, none is refused."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

import surveys.commands as surveys
from engage.clock import now
from engage.db import db, transaction
from engage.vault import vault
from surveys.commands import Outcome
from surveys.queries import find_link
from tests import make

ANSWERS = 240


def test_no_answer_is_lost_to_a_deadlock_over_the_mark(app):
    unit_id = make.make_unit()
    survey_id = make.make_survey(unit_id)
    with transaction():
        made = surveys.invite_identities(survey_id, unit_id, make.make_contacts(unit_id, ANSWERS), now() + timedelta(days=9))
    tokens = [vault().link_token(invitation_id) for invitation_id, _ in made.values()]
    done = threading.Event()

    def take():
        with app.app_context():
            while not done.is_set():
                with transaction():
                    surveys.take_answers_mark(survey_id)
                db.session.remove()

    def answer(token):
        with app.app_context():
            link = find_link(token)
            outcome = surveys.submit_response(link, link.version_id, {"q1": "park"}).outcome
            db.session.remove()
            return outcome

    takers = [threading.Thread(target=take) for _ in range(2)]
    for taker in takers:
        taker.start()
    try:
        with ThreadPoolExecutor(6) as crowd:
            outcomes = list(crowd.map(answer, tokens))
    finally:
        done.set()
        for taker in takers:
            taker.join(20)
    assert set(outcomes) == {Outcome.RECORDED}
    assert db.session.execute(text("SELECT count(*) FROM response")).scalar_one() == ANSWERS
