"""What can be done after a report: links, decisions, promises, and telling those who took part."""
