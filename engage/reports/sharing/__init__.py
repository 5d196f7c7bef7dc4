"""What follows from a report: read-only links, decisions, promises kept."""
