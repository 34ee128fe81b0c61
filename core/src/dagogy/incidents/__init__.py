"""What happens when a command fails: the failure is recorded, taken in and diagnosed. Classifiers and
recovery actions plug in here.
"""
