"""Surveys answered by replying to texts, for phones without internet."""
