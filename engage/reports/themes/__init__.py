"""What people wrote, sorted into themes by the office's own lexicon."""
