"""The shell of every page: templates, static files, translations, forms, charts, refusals, error pages. Knows no feature."""
