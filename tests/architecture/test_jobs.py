"""Every bell has somebody who answers it."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from engage.jobs import QUEUES, TIMEOUTS
from engage.operations.up import engage_command

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("engage", "contacts", "surveys", "campaigns")


def rings():
    """(file, queue, job) of every call that enqueues, as written."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("ring", "enqueue_after_commit"):
                    yield path.relative_to(ROOT), node.args[0], node.args[1]


def test_bells_are_rung_on_queues_that_are_worked():
    found = [(path, queue) for path, queue, _ in rings() if isinstance(queue, ast.Constant)]
    assert len(found) > 10
    assert [(path, queue.value) for path, queue in found if queue.value not in QUEUES] == []


def test_jobs_named_by_a_path_exist():
    names = [job.value for _, _, job in rings() if isinstance(job, ast.Constant)]
    assert names
    for name in names:
        module, _, function = name.rpartition(".")
        assert callable(getattr(importlib.import_module(module), function)), name


def test_every_queue_has_a_time_limit_and_a_process():
    assert set(TIMEOUTS) == set(QUEUES)
    assert engage_command("work", "send")[-2:] == ["work", "send"]


@pytest.mark.parametrize("room", ["campaigns", "contacts", "surveys/sealing", "engage/reports"])
def test_jobs_take_ids_only(room):
    tree = ast.parse((ROOT / room / "jobs.py").read_text())
    for function in [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]:
        for argument in function.args.args:
            assert argument.arg.endswith("_id"), f"{room}: {function.name}({argument.arg})"
