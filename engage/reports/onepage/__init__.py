"""The mayor's one page: a single A4 and a square picture."""
