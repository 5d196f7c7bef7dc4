"""Segments: what the conditions of a rule mean in the database, and how a rule is read aloud.

`contacts.rules.segments` holds the tree itself; `criteria` the registry of what conditions can be about, to which other rooms add;
`standard` and `custom` the contact base's own; `compile` turns a rule into SQL; `words` into a sentence.
"""

import contacts.queries  # noqa: F401  # loads both packages in one order, whichever of them is asked for first
