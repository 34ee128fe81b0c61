"""Nothing is here: installing `dagogy-standard` installs the built-in plugins."""
