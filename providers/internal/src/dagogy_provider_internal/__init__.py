"""dagogy provider `internal`: no model, no network, same input, same bytes."""

from collections.abc import Iterator

from dagogy.api import ProviderInfo, hookimpl


@hookimpl
def dagogy_providers() -> Iterator[ProviderInfo]:
    yield ProviderInfo(
        id="internal",
        summary=(
            "Reads concepts, prerequisites and content out of the source itself; needs no model and no "
            "network."
        ),
        api_version=1,
        impl="dagogy_provider_internal.provider:Internal",
        needs_network=False,
    )
