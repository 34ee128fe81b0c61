"""From a document to its concepts and to what it says of them.

`concepts` finds what is taught, with the structure of the document and the model in `recognition`; `passages`
collects what is said of each concept; `about` reads what is said of the course; `account` tells what was left
out.
"""
