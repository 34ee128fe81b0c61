"""What words and phrases say of themselves, in whatever document they stand: names and their parts, headings,
amounts, cues by category, and the frames of our own sentences in each language.

Nothing here knows of a document or a concept.
"""
