"""The stages of `run` before the verdict: taking in the scope document and the topic spec,
and generating the curriculum.
"""
