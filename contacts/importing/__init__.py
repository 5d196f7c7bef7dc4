"""The import engine: a list streams into a staging table, meets what is known, and is merged set by set, in one transaction."""

from contacts.importing.engine import ImportResult, Watcher, import_table
from contacts.importing.staging import ImportOrder

__all__ = ["ImportOrder", "ImportResult", "Watcher", "import_table"]
