"""A third party's rule: what it says of itself."""

from dagogy.api import RuleInfo, hookimpl


@hookimpl
def dagogy_rules():
    yield RuleInfo(
        id="house.titles",
        summary="A title has at most so many characters.",
        severity="error",
        api_version=1,
        impl="house_titles_rule:ShortTitles",
        groups=("house",),
        requires=("schema.curriculum",),
    )
