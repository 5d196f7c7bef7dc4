"""What may be said: groups, claims, quality, equity. Pure; from the grid and the tallies to figures that suppression has passed."""
