"""What the nodes of a curriculum say: sentences of the source, chosen and not rewritten, and gaps where it
has none.

The way of a node: `material` finds what the source says of its concept and which of it stands alone, `asked`
the objectives and exercises that stand elsewhere, `node` chooses, `checked` asks the rules and takes the next
sentence, or a gap, for what they refuse. What is no quotation comes from `frames`, in the language of the
source.
"""
