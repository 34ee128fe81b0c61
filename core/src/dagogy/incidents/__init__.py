"""What happens when a command fails. Today: the failure record. Classifiers and recovery actions plug in here."""
