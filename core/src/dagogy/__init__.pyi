from dagogy.pipeline.runs import compile as compile  # noqa: A004
from dagogy.pipeline.runs import open as open  # noqa: A004

__version__: str
