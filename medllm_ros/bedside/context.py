"""What every visit on one robot shares: knowledge, wording, prompts and limits."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field

from medllm_ros.bedside.scenarios import Scenarios
from medllm_ros.delivery import Locale
from medllm_ros.formulary.store import Formulary
from medllm_ros.safety.wording import Wording


@dataclass(frozen=True, kw_only=True)
class SessionConfig:
    """Limits of a visit; seconds, tokens and characters."""

    filler_s: float = 1.2  # silence before "let me look that up"
    first_token_s: float = 2.5  # the model must have begun by then
    total_s: float = 12.0  # the model must have finished by then
    alert_repeat_s: tuple[float, ...] = (30.0, 60.0)  # after the first call; the last step goes on
    silence_s: float = 20.0  # nothing heard: re-prompt, offer the nurse, close
    identity_failures: int = 2  # wrong answers until the nurse checks
    asr_confidence_min: float = 0.45  # mean word confidence under which the robot asks again
    memory_tokens: int = 300
    max_transcript_chars: int = 2000
    locale: Locale = Locale.ZH_TW  # spoken where no delivery names another
    timezone: str = "Asia/Taipei"  # wall clock of the order's times


@dataclass(frozen=True, kw_only=True)
class SessionContext:
    """Everything a session reads and nothing it changes."""

    formulary: Formulary
    wording: Wording
    scenarios: Scenarios
    config: SessionConfig = field(default_factory=SessionConfig)

    @classmethod
    def load(cls, formulary: Formulary | None = None, **config: object) -> SessionContext:
        """Load the wording, the configured scenarios and, unless ``formulary`` is given, the packaged formulary."""
        return cls(
            formulary=formulary or Formulary.load(),
            wording=Wording.load(),
            scenarios=Scenarios.load(),
            config=SessionConfig(**config),  # type: ignore[arg-type]
        )

    @property
    def config_hash(self) -> str:
        """Return the SHA-256 of limits, prompts and wording."""
        digest = hashlib.sha256(repr(sorted(asdict(self.config).items())).encode())
        digest.update(self.scenarios.hash.encode())
        for locale in Locale:
            for key, text in self.wording.every_text(locale):
                digest.update(f"{locale}\0{key}\0{text}\0".encode())
        return digest.hexdigest()
