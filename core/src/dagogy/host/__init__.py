"""The plugin host: finds plugins without importing them, imports what is needed, isolates what misbehaves."""
