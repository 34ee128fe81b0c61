"""What helps against a failure: the installed recovery actions one after the other, and after each the failed
command once more.
"""
