"""`engage bench`: what we reach and what this machine would allow at most, measured side by side in one run.

Figures of a shared machine drift, so ours and the limit take turns and the ratio is what counts; no test asserts a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engage.operations.bench import exporting, importing, pages, receipts, reporting, segments, sending

BENCHMARKS: dict[str, Callable[[bool], dict[str, Any]]] = {
    "page": pages.bench_page,
    "submit": pages.bench_submit,
    "send": sending.bench_send,
    "receipts": receipts.bench_receipts,
    "import": importing.bench_import,
    "segments": segments.bench_segments,
    "report": reporting.bench_report,
    "export": exporting.bench_export,
}


def run_benchmark(name: str, *, quick: bool = False, rows: int | None = None) -> dict[str, Any]:
    """One object: `{name, ours, limit, ratio, unit, …}`; `quick` takes fewer samples, to see that it runs. `rows` are those of the import's
    list, of the report's or the export's answers, or of the long campaign of `send`."""
    if name == "report":
        return {"name": name, **reporting.bench_report(quick, rows)}
    if name == "export":
        return {"name": name, **exporting.bench_export(quick, rows)}
    if name == "import":
        return {"name": name, **importing.bench_import(quick, rows)}
    if name == "send":
        return {"name": name, **sending.bench_send(quick, rows)}
    return {"name": name, **BENCHMARKS[name](quick)}
