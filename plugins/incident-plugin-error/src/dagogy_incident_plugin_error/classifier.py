"""The classifier of failures that are a plugin's own."""

from __future__ import annotations

from dagogy.api.failures import Rank, Remedy, Signature, SignatureClassifier

_PLUGIN = "plugin_error"


class PluginFailure(SignatureClassifier):
    """Neither the document nor the machine is at fault, but a plugin: it raised, could not be imported, or
    answered with something else than was agreed.

    plugin_error:
        What: A rule, provider, exporter, classifier, probe, recovery action or command failed by itself, or
        broke the interface of plugins. A rule that could not run fails the validation, for nobody knows what
        it would have found.
        Recognised by: Our own code `plugin_error`, or `validation_failed` with "rule … could not run". Where
        what it raised has an incident of its own (a module that is missing, a service that does not answer,
        no memory left), that one is named instead.
        What to do: Read the message: it names the plugin with its distribution and version, and the file and
        line of its code; `--debug` shows the traceback. Update the distribution
        (`pip install --upgrade DISTRIBUTION`), report it to its author, or leave it out with
        `DAGOGY_DISABLE=ID`. `dagogy doctor` imports every plugin and names all that are broken.
        Retry: Only after the plugin was updated or left out: the same code fails in the same way.
    """

    remedies = (
        Remedy(
            incident="plugin_error",
            cause="a plugin failed by itself",
            steps="Update it, or leave it out.",
            prevention="Pin the versions of plugins, and run `dagogy doctor` after each update.",
        ),
    )
    signatures = (
        # The host itself saw what is wrong with it.
        Signature(incident=_PLUGIN, typed=_PLUGIN, unless=r"\braised \w|\bcannot be imported: "),
        # What it raised may say more.
        Signature(incident=_PLUGIN, typed=_PLUGIN, rank=Rank.GENERIC, confidence=0.9),
        Signature(
            incident=_PLUGIN,
            typed="validation_failed",
            message=r"^validation of \S+ failed: rule \S+ could not run: ",
        ),
    )
