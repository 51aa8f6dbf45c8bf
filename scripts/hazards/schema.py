"""What safety/hazards.yaml may hold, in the terms of ISO 14971: hazard, cause, control, evidence."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from medllm_ros.formulary.reading import FormularyError, read

NOT_MEASURED = "estimate, not measured"

Sentence = Annotated[str, StringConstraints(min_length=5, pattern=r"[.?!]$")]
TestId = Annotated[str, StringConstraints(pattern=r"^test/[\w/]+/test_\w+\.py::\w+(::\w+)*(\[[^\]]+\*\])?$")]


class HazardError(ValueError):
    """safety/hazards.yaml cannot be used; the message says file, line and reason."""


class Severity(StrEnum):
    """How bad the harm is: five levels, named as in ISO/TR 24971's example, worst last."""

    NEGLIGIBLE = "negligible"
    MINOR = "minor"
    SERIOUS = "serious"
    CRITICAL = "critical"
    CATASTROPHIC = "catastrophic"


class Probability(StrEnum):
    """How often the hazardous situation is expected: five levels, named as there, most frequent last."""

    IMPROBABLE = "improbable"
    REMOTE = "remote"
    OCCASIONAL = "occasional"
    PROBABLE = "probable"
    FREQUENT = "frequent"


class Kind(StrEnum):
    """How a control works, in ISO 14971's order of preference."""

    INHERENT = "inherent"  # safe by design
    PROTECTIVE = "protective"  # a measure that stops or limits it
    INFORMATION = "information"  # somebody is told


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Control(_Strict):
    """One thing that is done about a hazard: where it is, and the tests that show it."""

    text: Sentence
    kind: Kind
    code: Annotated[str, StringConstraints(pattern=r"^[\w./-]+$")]
    tests: Annotated[tuple[TestId, ...], Field(min_length=1)]


class Estimate(_Strict):
    """How probable the situation is without and with the controls. Nobody has counted: ``basis`` says so."""

    before: Probability
    after: Probability
    basis: Literal["estimate, not measured"]

    @model_validator(mode="after")
    def _not_worse(self) -> Estimate:
        levels = list(Probability)
        if levels.index(self.after) > levels.index(self.before):
            raise ValueError("after the controls it cannot be more probable than before")
        return self


class Hazard(_Strict):
    """One hazard with its harm, causes, controls and what remains."""

    id: Annotated[str, StringConstraints(pattern=r"^H-\d\d$")]
    hazard: Annotated[str, StringConstraints(min_length=10, pattern=r"[^.]$")]
    harm: Sentence
    causes: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    severity: Severity
    probability: Estimate
    controls: Annotated[tuple[Control, ...], Field(min_length=1)]
    residual: Sentence

    @property
    def tests(self) -> tuple[str, ...]:
        """Return the ids of its tests, each once."""
        return tuple(dict.fromkeys(test for control in self.controls for test in control.tests))


class HazardFile(_Strict):
    """The whole file. ``severity`` and ``probability`` say what each level means here."""

    scope: Sentence
    severity: dict[Severity, Sentence]
    probability: dict[Probability, Sentence]
    hazards: Annotated[tuple[Hazard, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _whole(self) -> HazardFile:
        for levels, explained in ((Severity, self.severity), (Probability, self.probability)):
            if list(levels) != list(explained):
                raise ValueError(f"{levels.__name__.lower()} explains these levels, in this order: {', '.join(levels)}")
        if twice := [name for name, count in Counter(hazard.id for hazard in self.hazards).items() if count > 1]:
            raise ValueError(f"the id {twice[0]} is given twice")
        return self

    @property
    def tests(self) -> tuple[str, ...]:
        """Return the ids of all tests, each once."""
        return tuple(dict.fromkeys(test for hazard in self.hazards for test in hazard.tests))


def load(path: Path) -> HazardFile:
    """Return the file; raise :class:`HazardError` with every problem, each with its line."""
    try:
        document = read(path)
        return HazardFile.model_validate(document.data)
    except FormularyError as error:
        raise HazardError(str(error)) from error
    except ValidationError as error:
        problems = []
        for found in error.errors():
            steps = [step for step in found["loc"] if isinstance(step, str | int)]
            place = ".".join(map(str, steps)) or "the file"
            problems.append(f"{path}:{document.line(steps)}: {place}: {found['msg']}.")
        raise HazardError("\n".join(problems)) from error
