"""The real counterparts of the provider tests: servers on loopback and command-line tools."""
