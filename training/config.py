"""The configuration of a stage: a YAML file and ``key=value`` after it, checked to the last key before anything loads.

    medllm-train sft --config training/configs/nano-sft.yaml train.learning_rate=1e-3 data.train=[rows.jsonl]

Paths are relative to the working folder; ``shipped:NAME`` is a file of ``training/data/shipped``. A model or adapter
path may be a run folder: its ``result`` is taken.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.errors import TrainingError
from training.methods import Method

CONFIGS = Path(__file__).parent / "configs"


class Stage(StrEnum):
    """What a configuration is for."""

    PRETRAIN = "pretrain"
    SFT = "sft"
    DPO = "dpo"
    MERGE = "merge"
    PIPELINE = "pipeline"


class Dtype(StrEnum):
    """Number types of weights and of arithmetic."""

    FLOAT32 = "float32"
    BF16 = "bfloat16"
    FP16 = "float16"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class ModelConfig(_Strict):
    """What is trained: a model folder, or ``init``, the fields of a Llama configuration with random weights."""

    path: str | None = None
    init: dict[str, Any] | None = None
    tokenizer: str | None = None  # folder; needed with init, else the model's own
    adapter: str | None = None  # an adapter to go on with, of the same method
    template: str = "model"  # a name in training/chat_templates, a .jinja file, or the model's own
    dtype: Dtype = Dtype.BF16  # of the weights in memory
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.path is None) == (self.init is None):
            raise ValueError("give either model.path (a model folder) or model.init (fields of a new Llama)")
        if self.init is not None and self.tokenizer is None:
            raise ValueError("model.init needs model.tokenizer, a folder with tokenizer.json")
        if self.init is not None and self.adapter is not None:
            raise ValueError("model.init starts from nothing and has no adapter to go on with")
        return self


class FullMethod(_Strict):
    """Every weight is trained."""

    kind: Literal[Method.FULL] = Method.FULL

    @property
    def four_bit(self) -> bool:
        """Return False: NF4 weights cannot be trained themselves."""
        return False


class LoraMethod(_Strict):
    """Low-rank adapters beside linear layers. ``rslora`` scales by alpha / sqrt(r), ``dora`` trains magnitudes too."""

    kind: Literal[Method.LORA, Method.QLORA, Method.RSLORA, Method.DORA]
    r: int = Field(default=16, ge=1)
    alpha: float = Field(default=32, gt=0)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    targets: Literal["all-linear"] | tuple[str, ...] = "all-linear"  # lm_head is never one
    nf4: bool = False  # hold the base in 4 bit; always so for qlora

    @property
    def four_bit(self) -> bool:
        """Return whether the base is held in NF4."""
        return self.nf4 or self.kind is Method.QLORA

    @model_validator(mode="after")
    def _no_head(self) -> Self:
        if "lm_head" in self.targets:
            raise ValueError("method.targets must not hold lm_head: the loss reads its weights directly")
        return self


class PrefixMethod(_Strict):
    """Trained keys and values before the prompt, initialised from those of a real text."""

    kind: Literal[Method.PREFIX]
    tokens: int = Field(default=50, ge=1)
    text: str = ""  # "" takes the system message of the first row
    nf4: bool = False

    @property
    def four_bit(self) -> bool:
        """Return whether the base is held in NF4."""
        return self.nf4


class BottleneckMethod(_Strict):
    """Two bottleneck layers in every block, after attention and after the MLP (Houlsby et al. 2019)."""

    kind: Literal[Method.BOTTLENECK]
    size: int = Field(default=64, ge=1)
    activation: Literal["relu", "gelu", "silu"] = "gelu"
    nf4: bool = False

    @property
    def four_bit(self) -> bool:
        """Return whether the base is held in NF4."""
        return self.nf4


MethodConfig = Annotated[
    FullMethod | LoraMethod | PrefixMethod | BottleneckMethod, Field(discriminator="kind")
]


class Batches(StrEnum):
    """How rows become batches. None lets a row see another one."""

    SHUFFLED = "shuffled"
    BY_LENGTH = "by_length"  # rows of like length together: little padding
    PACKED = "packed"  # several rows in max_tokens, each with attention and positions of its own


class _RowsConfig(_Strict):
    """Which rows are learned. They come from ``training.data.read`` and must pass the gate."""

    train: tuple[str, ...] = Field(min_length=1)
    validation: tuple[str, ...] = ()  # files that nothing is trained on
    validation_share: float = Field(default=0, ge=0, lt=0.5)  # or a share of the rows, split by group
    format: str = "auto"
    max_tokens: int = Field(default=1024, ge=8)
    near_duplicates: Literal["refuse", "allow"] = "refuse"
    repeats: Literal["refuse", "drop"] = "refuse"  # rows that say the same word for word: what is generated may
    limit: int | None = Field(default=None, ge=1)  # the first rows only

    @model_validator(mode="after")
    def _one_validation(self) -> Self:
        if self.validation and self.validation_share:
            raise ValueError("give data.validation (files) or data.validation_share, not both")
        return self


class DataConfig(_RowsConfig):
    """Conversations or pairs."""

    instruction_template: str | None = None  # how alpaca rows become a question; see training/data/templates
    too_long: Literal["refuse", "drop"] = "refuse"
    batches: Batches = Batches.SHUFFLED
    prompt_weight: float = Field(default=0, ge=0, le=1)  # weight of loss on what is not an answer


class TextConfig(_RowsConfig):
    """Plain text to read on, cut into blocks of ``max_tokens`` with an end token after each text."""

    batches: Literal["wrapped", "packed"] = "wrapped"  # wrapped: blocks run over the ends of texts


class Schedule(StrEnum):
    """How the learning rate goes down after the warm-up."""

    LINEAR = "linear"
    COSINE = "cosine"
    CONSTANT = "constant_with_warmup"
    BY_TIME = "by_time"  # linear in the minutes of max_minutes, for a machine of unknown speed


class TrainConfig(_Strict):
    """How it is learned."""

    epochs: float = Field(default=1, gt=0)
    max_steps: int | None = Field(default=None, ge=1)
    max_minutes: float | None = Field(default=None, gt=0)  # of training, over all resumptions; then the stage is done
    batch: int = Field(default=1, ge=1)  # rows of one process in one forward pass
    accumulate: int = Field(default=1, ge=1)  # forward passes of one step
    learning_rate: float = Field(gt=0)
    optimizer: Literal[
        "adamw_torch", "adamw_torch_fused", "adamw_8bit", "paged_adamw_8bit", "paged_adamw_32bit", "adafactor", "muon"
    ] = "adamw_torch"
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(default=0, ge=0)
    schedule: Schedule = Schedule.LINEAR
    warmup: float = Field(default=0, ge=0)  # steps, or a share of them where below 1
    max_grad_norm: float = Field(default=1, gt=0)
    precision: Dtype = Dtype.BF16  # of the arithmetic (autocast)
    gradient_checkpointing: bool = True
    offload: bool = False  # the embeddings and what waits for the way back lie in the CPU's memory; needs a GPU
    seed: int = 7
    threads: int | None = Field(default=None, ge=1)  # of a CPU run; None: the cores that are free when it begins
    checkpoint_minutes: float = Field(default=5, gt=0)
    keep_checkpoints: int = Field(default=2, ge=2)  # one may be half written
    check_memory: bool = True  # refuse where the estimate is above what is free
    log_steps: int = Field(default=10, ge=1)
    validate_steps: int | None = Field(default=None, ge=1)  # None: once an epoch

    @model_validator(mode="after")
    def _time(self) -> Self:
        if self.schedule is Schedule.BY_TIME and self.max_minutes is None:
            raise ValueError("train.schedule by_time needs train.max_minutes")
        return self


class DpoLoss(_Strict):
    """Direct preference optimisation. ``sft`` beside ``sigmoid`` anchors it on small sets."""

    beta: float = Field(default=0.1, gt=0)
    losses: tuple[str, ...] = ("sigmoid",)
    weights: tuple[float, ...] = (1.0,)
    label_smoothing: float = Field(default=0, ge=0, lt=0.5)

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.losses) != len(self.weights):
            raise ValueError("dpo.losses and dpo.weights must be of one length")
        return self


class TrainingConfig(_Strict):
    """What the stages that train have in common."""

    stage: Stage
    out: str
    model: ModelConfig
    method: MethodConfig = FullMethod()
    data: DataConfig | TextConfig
    train: TrainConfig
    save_dtype: Dtype | None = None  # of what is saved; by default bfloat16, and an adapter as it was trained

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_fit(self)
        return self


class PretrainConfig(TrainingConfig):
    """Continued pretraining, or pretraining from nothing."""

    stage: Literal[Stage.PRETRAIN]
    data: TextConfig


class SftConfig(TrainingConfig):
    """Supervised fine-tuning: loss on the assistant's words alone, unless data.prompt_weight says more."""

    stage: Literal[Stage.SFT]
    data: DataConfig


class DpoConfig(TrainingConfig):
    """Preference training of an SFT result. The reference is that result itself."""

    stage: Literal[Stage.DPO]
    data: DataConfig
    dpo: DpoLoss = DpoLoss()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.data.batches is Batches.PACKED or self.data.prompt_weight:
            raise ValueError("dpo compares whole answers: data.batches cannot be packed and data.prompt_weight is 0")
        if self.method.kind is Method.PREFIX:
            raise ValueError("dpo cannot go on with a prefix; use a LoRA method")
        _check_fit(self)
        return self


class MergeConfig(_Strict):
    """Adapter into its 16-bit base; ``nf4`` also saves the merged model in 4 bit, and the drift is measured."""

    stage: Literal[Stage.MERGE]
    out: str
    base: str
    adapter: str
    dtype: Dtype = Dtype.BF16  # of the arithmetic and of what is saved
    nf4: bool = False
    drift_data: tuple[str, ...] = ()  # conversations on which the drift is measured; none: random tokens
    drift_rows: int = Field(default=16, ge=1)


class Step(_Strict):
    """One step of a pipeline: a stage's configuration, or any other command of ``medllm-train``.

    ``{name}`` in a value is the result of the step of that name.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    config: str | None = None
    set: dict[str, Any] = {}  # dotted keys, as on the command line
    command: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.config is None) == (not self.command):
            raise ValueError("a step has either config (of a stage) or command (words of medllm-train)")
        return self


class PipelineConfig(_Strict):
    """All stages in turn. Each is a run folder below ``out``; what is done is not done again."""

    stage: Literal[Stage.PIPELINE]
    out: str
    steps: tuple[Step, ...] = Field(min_length=1)


StageConfig = PretrainConfig | SftConfig | DpoConfig | MergeConfig | PipelineConfig
_BY_STAGE: dict[Stage, type[StageConfig]] = {
    Stage.PRETRAIN: PretrainConfig,
    Stage.SFT: SftConfig,
    Stage.DPO: DpoConfig,
    Stage.MERGE: MergeConfig,
    Stage.PIPELINE: PipelineConfig,
}


def load(path: str | Path, overrides: Sequence[str] | Mapping[str, Any] = (), stage: Stage | None = None) -> Any:
    """Return the checked configuration of a file, or of a shipped one by its name.

    ``overrides`` are ``dotted.key=value`` with values in YAML, or a mapping of dotted keys. Raises
    :class:`TrainingError` with one sentence for each thing wrong.
    """
    file = find(path)
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TrainingError(f"The configuration {file} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise TrainingError(f"The configuration {file} must be a mapping of keys to values.")
    pairs = overrides.items() if isinstance(overrides, Mapping) else map(_pair, overrides)
    for key, value in pairs:
        _set(content, key, value)
    return check(content, str(file), stage)


def check(content: Mapping[str, Any], where: str, stage: Stage | None = None) -> Any:
    """Return the configuration of a mapping; ``where`` names it in errors."""
    known = ", ".join(Stage)
    try:
        found = Stage(str(content.get("stage")))
    except ValueError:
        raise TrainingError(f"{where}: `stage` must be one of {known}, not {content.get('stage')!r}.") from None
    if stage is not None and found is not stage:
        raise TrainingError(f"{where} is for `medllm-train {found}`, not for {stage}.")
    try:
        return _BY_STAGE[found].model_validate(dict(content))
    except ValidationError as error:
        raise TrainingError("\n".join(_sentence(item, _BY_STAGE[found], where) for item in error.errors())) from None


def find(path: str | Path) -> Path:
    """Return the file of a configuration: a path, or the name of a shipped one."""
    for candidate in (Path(path).expanduser(), CONFIGS / path, CONFIGS / f"{path}.yaml"):
        if candidate.is_file():
            return candidate
    near = difflib.get_close_matches(Path(path).stem, [file.stem for file in CONFIGS.glob("*.yaml")], n=3)
    hint = f" Do you mean {', '.join(near)}?" if near else f" Shipped ones lie in {CONFIGS}."
    raise TrainingError(f"There is no configuration {path}.{hint}")


def _pair(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise TrainingError(f"{text!r} is not key=value, as in train.learning_rate=1e-4.")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise TrainingError(f"The value of {key} is not YAML: {error}") from error


def _set(content: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    place = content
    for parent in parents:
        inside = place.setdefault(parent, {})
        if not isinstance(inside, dict):
            raise TrainingError(f"{key}: {parent} is a value and has no keys.")
        place = inside
    place[last] = value


def _check_fit(config: TrainingConfig) -> None:
    kind = config.method.kind
    if config.model.init is not None and kind is not Method.FULL:
        raise ValueError(f"random weights (model.init) need the method full, not {kind}")
    if kind is Method.FULL and config.model.adapter is not None:
        raise ValueError("the method full trains the weights of model.path; merge model.adapter into them first")
    if config.train.optimizer == "muon" and kind is not Method.FULL:
        raise ValueError(f"the optimizer muon moves whole matrices; the method {kind} trains others, take adamw_torch")
    if kind is Method.PREFIX and config.train.gradient_checkpointing:
        raise ValueError("the method prefix does not work with train.gradient_checkpointing; set it to false")
    if kind is Method.PREFIX and str(config.data.batches) == Batches.PACKED:
        raise ValueError("the method prefix does not work with data.batches packed")


def _sentence(error: Any, model: type[BaseModel], where: str) -> str:
    kinds = [part for part in error["loc"] if part in set(Method)]
    names = [str(part) for part in error["loc"] if part not in set(Method)]
    key = ".".join(names)
    if error["type"] == "extra_forbidden":
        known = _keys(model, names[:-1], kinds)
        near = difflib.get_close_matches(names[-1], known, n=1)
        hint = f"do you mean {near[0]}?" if near else f"there are {', '.join(known)}."
        return f"{where}: there is no key `{key}`{f' of {kinds[0]}' if kinds else ''}; {hint}"
    if error["type"] == "union_tag_invalid":
        return f"{where}: `{key}.kind` must be one of {', '.join(Method)}, not {error['ctx']['tag']!r}."
    if error["type"] == "missing":
        return f"{where}: the key `{key}` is missing."
    why = error["msg"].removeprefix("Value error, ")
    given = "" if error["type"] == "value_error" else f", not {error['input']!r}"
    return f"{where}: {f'`{key}`: ' if key else ''}{why[:1].lower()}{why[1:]}{given}."


def _keys(model: type[BaseModel], path: Sequence[str], kinds: Sequence[Any]) -> list[str]:
    """Return the keys at ``path``; ``kinds`` are the methods that were chosen on the way."""
    found: list[type[BaseModel]] = [model]
    for name in path:
        fields = [item.model_fields[name] for item in found if name in item.model_fields]
        inside = [inner for field in fields for inner in _models(field.annotation)]
        found = [item for item in inside if not kinds or _of_kind(item, kinds[0])] or found
    return sorted({key for item in found for key in item.model_fields})


def _of_kind(model: type[BaseModel], kind: Any) -> bool:
    field = model.model_fields.get("kind")
    return field is None or kind in getattr(field.annotation, "__args__", ())


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models(inner)]
