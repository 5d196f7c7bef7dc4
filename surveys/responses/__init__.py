"""A survey's responses for staff: seen one by one, looked at for quality, left out and taken in again; half-finished ones kept as such."""
