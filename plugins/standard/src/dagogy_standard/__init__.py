"""Nothing is here: installing `dagogy-standard` installs the built-in plugins."""

__version__ = "0.1.0"
