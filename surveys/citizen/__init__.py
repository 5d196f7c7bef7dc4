"""Citizen pages as finished documents: one request, no script, no cookie, readable on the oldest phone in use."""
