"""Waves of one survey, districts side by side, priorities, and the roll-up of units."""
