"""Use cases of entrances: making and closing them, proving a phone, taking a place."""
