"""Files that hold lists of people, read row by row. Knows no database."""

from contacts.reading.tables import SAMPLE_ROWS, SheetInfo, Table, list_sheets, open_table

__all__ = ["SAMPLE_ROWS", "SheetInfo", "Table", "list_sheets", "open_table"]
