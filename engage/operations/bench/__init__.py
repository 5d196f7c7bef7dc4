"""`engage bench`: what we reach and what this machine would allow at most, measured side by side in one run.

Figures of a shared machine drift, so ours and the limit take turns and the ratio is what counts; no test asserts a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engage.operations.bench import pages, sending

BENCHMARKS: dict[str, Callable[[bool], dict[str, Any]]] = {
    "page": pages.bench_page,
    "submit": pages.bench_submit,
    "send": sending.bench_send,
}


def run_benchmark(name: str, *, quick: bool = False) -> dict[str, Any]:
    """One object: `{name, ours, limit, ratio, unit, …}`; `quick` takes fewer samples, to see that it runs."""
    return {"name": name, **BENCHMARKS[name](quick)}
