"""What plugin authors need at the shell: new distributions from templates, the checks of a
plugin, and the cases of rules.
"""
