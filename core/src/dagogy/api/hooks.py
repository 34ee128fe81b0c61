"""The marker of hook implementations."""

from pluggy import HookimplMarker

#: Marks a function of a plugin module as the implementation of one of the hooks in `dagogy.host.hookspecs`.
hookimpl = HookimplMarker("dagogy")
