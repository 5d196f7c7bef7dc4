"""Workbooks from outside, looked through before any library opens them, and processes of their own to open them in. Knows no feature."""

Cell = str | int | float | None
"""What stands in one cell of a sheet; dates as ISO 8601."""
