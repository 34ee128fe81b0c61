"""Test doubles for the provider tests, real programs where there are any: servers on loopback and
command-line tools.
"""
