"""`engage rehearse`, as its user calls it: the whole main job in processes of their own, judged by the gateway's ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest

from engage.operations.demo import people

KEYS = {"contacts", "invited", "accepted", "delivered", "opened", "answered", "lost", "doubled", "unsettled", "counts", "seconds", "files"}

ELECTION = """META
key;value
description;Municipal PB in Testville
num_projects;3
num_votes;12
vote_type;approval
rule;greedy
PROJECTS
project_id;cost;votes;name;selected
c1;100;9;Lampy uliczne;1
22;200;6;«پارک محله» & <b>bold</b>;1
p-3;300;4;Ścieżka;0
VOTES
voter_id;vote
""" + "\n".join(f"v{n};{','.join(c for c, last in (('c1', 9), ('22', 6), ('p-3', 4)) if n <= last) or 'p-3'}" for n in range(1, 10))


def rehearse(*arguments, expect=0):
    # A real database's address in the environment must not matter.
    environ = os.environ | {
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1",
        "KAVENEGAR_API_KEY": "real",
    }
    command = [sys.executable, "-c", "from engage.cli import main; main()", "rehearse", "--json", *map(str, arguments)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=280)
    assert done.returncode == expect, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_a_list_becomes_answers_and_a_report_with_nothing_lost_or_doubled(tmp_path):
    people.write_csv(tmp_path / "list.csv", 120, seed=3)
    result = rehearse("--contacts", tmp_path / "list.csv", "--answers", 40, "--out", tmp_path / "out")
    assert set(result) == KEYS
    assert (result["contacts"], result["invited"], result["answered"], result["opened"]) == (120, 120, 40, 40)
    assert (result["lost"], result["doubled"], result["unsettled"]) == (0, 0, 0)
    assert result["delivered"] == 120
    assert sum(result["counts"]["place"].values()) == 40
    ledger = [json.loads(line) for line in (tmp_path / "out" / "data" / "gateway" / "ledger.jsonl").read_text().splitlines()]
    texts = Counter(line["receptor"] for line in ledger)
    assert len(texts) == 120
    assert set(texts.values()) == {1, 2}
    assert sum(texts.values()) == 120 + 120 - 28  # those who answered before the reminder get none
    assert all((tmp_path / "out" / f"report.{kind}").stat().st_size > 500 for kind in ("html", "csv", "json"))


def test_a_real_ballot_file_is_played_and_counted_as_published(tmp_path):
    (tmp_path / "election.pb").write_text(ELECTION)
    result = rehearse("--ballots", tmp_path / "election.pb", "--out", tmp_path / "out")
    assert result["counts"] == {"projects": {"c1": 9, "22": 6, "p-3": 4}}
    assert (result["invited"], result["answered"], result["lost"], result["doubled"], result["unsettled"]) == (9, 9, 0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--out", "full"), "folder_not_empty"),
        (("--out", "new", "--ballots", "nothing.pb"), "input_unreadable"),
        (("--out", "new", "--ballots", "bad.pb"), "ballots_malformed"),
        (("--out", "new", "--contacts", "nothing.csv"), "input_unreadable"),
        (("--out", "new", "--survey", "bad.pb"), "definition_not_json"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_in_one_sentence(tmp_path, arguments, code):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    (tmp_path / "bad.pb").write_text("not a ballot file")
    given = [tmp_path / each if not each.startswith("--") else each for each in arguments]
    error = rehearse(*given, expect=2)["error"]
    assert error["code"] == code
    assert error["message"].endswith((".", "…"))
