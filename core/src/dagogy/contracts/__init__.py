"""The shapes of everything that dagogy reads and writes.

`types` are the curriculum and the topic spec, `models` what dagogy writes beside them, both pydantic's;
`schemas/*.json` are generated from them and shipped. `documents` reads raw bytes into `types`, and `check`
explains what of them was refused by the schema.
"""
