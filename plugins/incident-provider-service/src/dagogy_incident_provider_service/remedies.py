"""What helps against the causes of these incidents, whichever program failed."""

from __future__ import annotations

from dagogy.api.failures import Remedy

REMEDIES = (
    Remedy(
        incident="model_server_failed",
        cause="the machine has not enough memory for the model",
        steps="Take a smaller model, a smaller quantisation or a shorter context, or free memory.",
        when=r"memory|cudaMalloc|allocate",
        commands=(
            "free -m",
            "nvidia-smi",
            "ollama ps",
        ),
        prevention="Choose the model by the memory of the machine.",
    ),
    Remedy(
        incident="model_server_failed",
        cause="the process that runs the model ended",
        steps="Read the log of the server, update it, and start it again.",
        commands=(
            "journalctl -u ollama -n 50",
            "ollama ps",
        ),
        prevention="Keep the server and its drivers up to date together.",
    ),
    Remedy(
        incident="provider_overloaded",
        cause="the service, or a gateway before it, is down or overloaded",
        steps=(
            "Wait and run the program again; see its status page, and keep the id of the request "
            "for its support."
        ),
        prevention=(
            "Let the program try again with growing pauses, and have another model or service ready."
        ),
    ),
    Remedy(
        incident="provider_timeout",
        cause="no answer came within the time limit",
        steps="Raise the time limit of the client, or ask for less at once.",
        prevention="Set the time limit by the longest answer that is expected; let answers stream.",
    ),
)
