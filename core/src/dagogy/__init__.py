"""dagogy, a curriculum compiler: topic spec in, validated DAG of concepts and week plan out.

This module stays empty but for the version: whoever imports `dagogy.api` must not pay for the command line.
"""

__version__ = "0.1.0"
