"""The author's way to a curriculum without JSON: one Markdown page out (`page`), the same page in (`parse`),
and what was changed by hand kept through every later generation (`pins`).
"""
