"""`engage rehearse`, as its user calls it: the whole main job in processes of their own, judged by the gateway's ledger."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engage.cli import main
from engage.operations.demo import people

KEYS = {"contacts", "invited", "accepted", "delivered", "opened", "answered", "lost", "doubled", "unsettled", "counts", "seconds", "files"}

CONTACTS, ANSWERS = 45, 20
FIRST = 14
"""So many of them come before the reminder"""

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


SURVEY = {
    "format": 1,
    "title": "بودجهٔ محله",
    "questions": [
        {"id": "from", "type": "hidden", "label": "از کجا", "parameter": "src", "value": "sms"},
        {"id": "lives", "type": "yes_no", "label": "در این محله زندگی می‌کنید؟", "required": True},
        {"id": "age", "type": "number", "label": "سن", "required": True, "min": 10, "max": 90, "valid_if": "age >= 18"},
        {
            "id": "why",
            "type": "multiple",
            "label": "پس برای چه می‌آیید؟",
            "show_if": "not lives",
            "required": True,
            "options": [{"id": "work", "label": "کار"}, {"id": "else", "label": "<b>دیگر</b>", "other": True}],
        },
        {
            "id": "street",
            "type": "long_list",
            "label": "خیابان شما",
            "show_if": "lives",
            "required": True,
            "options": [{"id": f"s{n}", "label": f"خیابان {n} آزادی"} for n in range(1, 31)],
        },
        {
            "id": "service",
            "type": "matrix",
            "label": "از این‌ها راضی هستید؟",
            "new_page": True,
            "options": [{"id": "no", "label": "نه"}, {"id": "yes", "label": "بله"}],
            "rows": [{"id": "bus", "label": "اتوبوس"}, {"id": "park", "label": "بوستان"}],
        },
        {
            "id": "first",
            "type": "ranking",
            "label": "کدام مهم‌تر است؟",
            "required": True,
            "options": [{"id": each, "label": f"کار {each}"} for each in "abc"],
        },
        {"id": "born", "type": "date", "label": "تاریخ تولد", "valid_if": "age(born) >= 18"},
        {"id": "nid", "type": "national_id", "label": "کد ملی"},
        {"id": "photo", "type": "upload", "label": "عکس محله", "required": True},
        {"id": "bill", "type": "upload", "label": "قبض"},
        {
            "id": "bag",
            "type": "knapsack",
            "label": "با این بودجه چه بسازیم؟",
            "required": True,
            "budget": 5 * 10**9,
            "projects": [{"id": f"p{n}", "label": f"پروژهٔ {n}", "cost": n * 10**9} for n in range(1, 5)],
            "none_label": "هیچ‌کدام",
        },
        {"id": "double", "type": "calculation", "label": "دو برابر سن", "formula": "age * 2"},
    ],
    "quotas": [{"id": "p1", "label": "نخستین پروژه", "when": 'bag has "p1"', "limit": 4}],
}

# A real database's address in the environment must not matter.
ENVIRON = os.environ | {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1",
    "KAVENEGAR_API_KEY": "real",
}


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", "from engage.cli import main; main()", "rehearse", "--json", *map(str, arguments)]
    return subprocess.Popen(command, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result_of(running: subprocess.Popen[str]) -> dict[str, Any]:
    told, errors = running.communicate(timeout=280)
    assert running.returncode == 0, errors[-3000:]
    found: dict[str, Any] = json.loads(told)
    return found


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[dict[str, Any], Path]]]:
    """Two rehearsals side by side: each waits half its time for the other's phones."""
    folder = tmp_path_factory.mktemp("rehearsals")
    people.write_csv(folder / "list.csv", CONTACTS, seed=3)
    (folder / "survey.json").write_text(json.dumps(SURVEY))
    (folder / "election.pb").write_text(ELECTION)
    running = {
        "survey": start(
            "--contacts", folder / "list.csv", "--survey", folder / "survey.json", "--answers", ANSWERS, "--out", folder / "survey"
        ),
        "ballots": start("--ballots", folder / "election.pb", "--out", folder / "ballots"),
    }
    try:
        yield {name: (result_of(each), folder / name) for name, each in running.items()}
    finally:
        for each in running.values():
            each.kill()


def test_a_list_becomes_answers_and_a_report_with_nothing_lost_or_doubled(played: dict[str, tuple[dict[str, Any], Path]]) -> None:
    result, out = played["survey"]
    assert set(result) - {"screened"} == KEYS  # no problems: the report says what the plan says
    assert (result["contacts"], result["invited"], result["delivered"], result["opened"]) == (CONTACTS, CONTACTS, CONTACTS, ANSWERS)
    assert (result["lost"], result["doubled"], result["unsettled"]) == (0, 0, 0)
    ledger = [json.loads(line) for line in (out / "data" / "gateway" / "ledger.jsonl").read_text().splitlines()]
    texts = Counter(line["receptor"] for line in ledger)
    assert len(texts) == CONTACTS
    assert set(texts.values()) == {1, 2}
    # Those who answered before the reminder get none; whom a quota turned away may try again.
    assert 2 * CONTACTS - FIRST <= sum(texts.values()) <= 2 * CONTACTS - FIRST + result["screened"]
    assert all((out / f"report.{kind}").stat().st_size > 500 for kind in ("html", "csv", "json"))


def test_every_citizen_comes_by_what_their_answers_lead_to(played: dict[str, tuple[dict[str, Any], Path]]) -> None:
    result, _ = played["survey"]
    counts, answered = result["counts"], result["answered"]
    assert answered + result["screened"] == ANSWERS
    assert result["screened"] > 0
    assert counts["bag"]["p1"] == 4
    assert set(counts) == {"lives", "why", "street", "service.bus", "service.park", "first", "bag"}
    assert sum(counts["lives"].values()) == sum(counts["first"].values()) == answered
    assert sum(counts["street"].values()) == counts["lives"]["yes"] > 0
    assert max(counts["why"].values()) <= counts["lives"]["no"] <= sum(counts["why"].values())


def test_a_real_ballot_file_is_played_and_counted_as_published(played: dict[str, tuple[dict[str, Any], Path]]) -> None:
    result, _ = played["ballots"]
    assert set(result) == KEYS
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
        (("--out", "new", "--survey", "never.json"), "survey_unplayable"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused_in_one_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: str
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    (tmp_path / "bad.pb").write_text("not a ballot file")
    never = {"id": "n", "type": "number", "label": "سن", "required": True, "max": 9, "valid_if": "n > 5 and round(n / 2) > 6"}
    (tmp_path / "never.json").write_text(json.dumps({"format": 1, "title": "نشدنی", "questions": [never]}))
    given = [each if each.startswith("--") else str(tmp_path / each) for each in arguments]
    with pytest.raises(SystemExit) as ended:
        main(["rehearse", "--json", *given])
    assert ended.value.code == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == code
    assert error["message"].endswith((".", "…"))
    assert not (tmp_path / "new").exists()
    assert [each.name for each in (tmp_path / "full").iterdir()] == ["something"]
