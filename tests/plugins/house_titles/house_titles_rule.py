"""A third party's rule: what it does."""

from typing import Annotated

from dagogy.api.rules import Field, Finding, Fix, Options, Rule


class ShortTitles(Rule):
    """A long title does not fit our wall chart.

    Bad:
        `An introduction to everything that there is to know of bread`

    Good:
        `Bread`

    How to fix:
        Name the concept alone.
    """

    class Options(Options):
        most: Annotated[int, Field(ge=1, description="Most characters of a title.")] = 20

    def check(self, context, options):
        for i, node in enumerate(context.nodes):
            if len(node.title) > options.most:
                path = f"/nodes/{i}/title"
                fix = Fix(
                    "unsafe",
                    "cut it",
                    [
                        {"op": "test", "path": path, "value": node.title},
                        {"op": "replace", "path": path, "value": node.title[: options.most]},
                    ],
                )
                yield Finding(
                    message=f"a title of {len(node.title)} characters", pointer=path, node_id=node.id, fix=fix
                )
