"""A web process answers its first visitors in several threads at once."""

import subprocess
import sys

FIRST_VISITORS = """
import sys, threading
sys.setswitchinterval(1e-6)
from surveys.definitions import load
raw = {"title": "x", "questions": [{"type": "single", "id": "q1", "label": "a", "options": [{"id": "a1", "label": "x"}, {"id": "a2", "label": "y"}]}]}
together = threading.Barrier(8)
def visit():
    together.wait()
    load(raw)
threads = [threading.Thread(target=visit) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
print("answered")
"""


def test_the_first_visitors_of_a_process_may_come_together() -> None:
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", FIRST_VISITORS], capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stdout.strip()) == (0, "answered"), f"ended with {done.returncode}: {done.stderr[-300:]}"
