"""What is known of drugs: names, codes and approved sentences with their sources."""

from medllm_ros.formulary.compiled import PACKAGED
from medllm_ros.formulary.model import Drug, Fact, FactField, MissedDosePolicy, ReviewStatus, Source
from medllm_ros.formulary.reading import FormularyError
from medllm_ros.formulary.store import Formulary, Mention

__all__ = [
    "PACKAGED",
    "Drug",
    "Fact",
    "FactField",
    "Formulary",
    "FormularyError",
    "Mention",
    "MissedDosePolicy",
    "ReviewStatus",
    "Source",
]
