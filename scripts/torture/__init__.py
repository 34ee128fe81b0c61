"""`make torture`: kills, hostile inputs, crowds and broken disks against every command,
and a table of what survived.
"""
