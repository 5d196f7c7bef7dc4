"""Files that hold lists of people, read row by row. Knows no database."""

from contacts.reading.tables import SAMPLE_ROWS, Table, open_table

__all__ = ["SAMPLE_ROWS", "Table", "open_table"]
