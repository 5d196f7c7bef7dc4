"""Whether a table's rows depend on its columns when the answers are no simple random sample. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engage.statistics.normal import chi_square_tail


@dataclass(frozen=True)
class Dependence:
    statistic: float
    degrees: int
    p: float


def dependence_of(table: Sequence[Sequence[float]], design_effect: float = 1.0) -> Dependence | None:
    """Pearson's chi-square divided by the mean design effect (Rao and Scott, Annals of Statistics 12, 1984, first order).

    Rows and columns without anybody count for nothing; None where fewer than two of either are left.
    """
    rows = [list(row) for row in table if sum(row) > 0]
    columns = [place for place in range(len(table[0]) if table else 0) if sum(row[place] for row in rows) > 0]
    if len(rows) < 2 or len(columns) < 2:
        return None
    total = sum(row[place] for row in rows for place in columns)
    column_sums = {place: sum(row[place] for row in rows) for place in columns}
    statistic = 0.0
    for row in rows:
        row_sum = sum(row[place] for place in columns)
        for place in columns:
            expected = row_sum * column_sums[place] / total
            statistic += (row[place] - expected) ** 2 / expected
    degrees = (len(rows) - 1) * (len(columns) - 1)
    statistic /= max(design_effect, 1.0)
    return Dependence(statistic, degrees, chi_square_tail(statistic, degrees))
