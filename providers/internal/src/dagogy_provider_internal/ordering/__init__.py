"""Which concept comes before which: the evidence of the source, the graded vocabulary, and the edges that
follow from both.
"""
