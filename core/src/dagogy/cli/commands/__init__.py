"""One module a command; a command's module is imported when it is called."""
