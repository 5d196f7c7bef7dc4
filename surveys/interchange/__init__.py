"""Surveys in and out as other programs' files: XLSForm, and the published schema of our own."""
