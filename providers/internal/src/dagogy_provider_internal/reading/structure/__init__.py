"""What the structure of a document names.

The document's own structure decides. Of each section it is asked: does it hold a table of topics, a list of
named items, sub-sections that are concepts, a list of bare labels, or text of its own? In the last case the
heading is the concept, else its members are. Whether lists are members or content is voted on by all sections
of the same level, so that one unusual section does not change the reading of the rest.

`kinds` says what each heading is for, `votes` which levels hold concepts, `rows` and `lists` which rows and
items name one; `sections` walks the outline with them.
"""
