"""The import engine: a list is read twice, meets what is known, and is written beside it, in one transaction."""

from contacts.importing.engine import ImportResult, Watcher, import_table
from contacts.importing.staging import ImportOrder

__all__ = ["ImportOrder", "ImportResult", "Watcher", "import_table"]
