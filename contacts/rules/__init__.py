"""What the contact base decides: columns, rows, persons, consents, states. Pure: no database, no clock, no Flask."""
