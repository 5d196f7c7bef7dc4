"""Census margins of units: imported, dated, kept in versions; what answers are weighted to."""
