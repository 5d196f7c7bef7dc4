"""The report on paper, and its charts as pictures: typst."""
