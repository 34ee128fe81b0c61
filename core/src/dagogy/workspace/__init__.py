"""Everything that touches the disk: settings, runs, locks, atomic writes, stamps, events, archives."""
