"""Public results: a page for everybody, and open data."""
