"""A top-up sample: people of groups that answered too little, who weren't asked yet, as a saved group."""
