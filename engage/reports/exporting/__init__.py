"""Files of a report and of its answers: one format a module, written in the background, streamed."""
