"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="openai_api_key_missing",
        cause="{variable} is not set for the program",
        steps=(
            "Set it where the program is started: a service, a container and a notebook do not "
            "have the variables of your shell."
        ),
        commands=(
            "export {variable}='…'",
            "printenv {variable} >/dev/null && echo set",
        ),
        prevention="Check for the key when the program starts.",
    ),
    Remedy(
        incident="openai_api_key_missing",
        cause="no key is set for the program",
        steps="Set the variable that its documentation names, where the program is started.",
        commands=("export OPENAI_API_KEY='…'",),
        prevention="Check for the key when the program starts.",
    ),
)
