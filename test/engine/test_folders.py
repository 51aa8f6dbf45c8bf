"""A missing or wrong model is named, with what to do, before torch is even imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from medllm_ros.bedside.prompt import LAYOUT
from medllm_ros.engine.chat import EngineError
from medllm_ros.engine.factory import create_engine
from medllm_ros.engine.folders import base_fingerprint, check_folders, write_card
from medllm_ros.engine.none import ApprovedEngine

CONFIG = {"model_type": "llama", "hidden_size": 64, "vocab_size": 300}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": {"a": 0, "b": 1}}}))
    (folder / "model.safetensors").write_bytes(b"")
    (folder / "chat_template.jinja").write_text("base template")
    return folder


@pytest.fixture
def adapter(tmp_path: Path, model: Path) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(b"")
    write_card(folder, model, 1)
    return folder


def test_a_whole_folder_passes(model: Path, adapter: Path) -> None:
    found = check_folders(model, adapter, 1)
    assert found.template == "base template" and not found.quantised
    (adapter / "chat_template.jinja").write_text("the adapter's own template")
    assert check_folders(model, adapter, 1).template == "the adapter's own template"
    (model / "config.json").write_text(json.dumps({**CONFIG, "quantization_config": {}}))
    assert check_folders(model, None, 1).quantised


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("config.json", "config.json is missing"),
        ("tokenizer.json", "no tokenizer.json"),
        ("model.safetensors", "no \\*.safetensors"),
        ("chat_template.jinja", "no chat template"),
    ],
)
def test_each_missing_file_is_named(model: Path, name: str, sentence: str) -> None:
    (model / name).unlink()
    with pytest.raises(EngineError, match=sentence):
        check_folders(model, None, None)


def test_a_damaged_file_is_named(model: Path) -> None:
    (model / "config.json").write_text("{")
    with pytest.raises(EngineError, match=r"config.json cannot be read"):
        check_folders(model, None, None)


def test_an_adapter_of_another_prompt_layout_is_refused(model: Path, adapter: Path) -> None:
    with pytest.raises(EngineError, match="prompt layout 1, and this robot writes layout 2"):
        check_folders(model, adapter, 2)
    check_folders(model, adapter, None)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", json.dumps({**CONFIG, "hidden_size": 128})),
        ("tokenizer.json", json.dumps({"model": {"vocab": {"a": 1, "b": 0}}})),
    ],
)
def test_an_adapter_of_another_base_is_refused(model: Path, adapter: Path, name: str, content: str) -> None:
    before = base_fingerprint(model)
    (model / name).write_text(content)
    assert base_fingerprint(model) != before
    with pytest.raises(EngineError, match="made for another base model"):
        check_folders(model, adapter, 1)


def test_an_adapter_on_other_weights_of_the_same_shape_is_told_of_and_loaded(
    model: Path, adapter: Path, caplog: pytest.LogCaptureFixture
) -> None:
    check_folders(model, adapter, 1)
    assert "other weights" not in caplog.text
    (model / "model.safetensors").write_bytes(b"other")
    check_folders(model, adapter, 1)
    assert "other weights" in caplog.text


def test_an_adapter_folder_without_an_adapter_is_named(model: Path, adapter: Path) -> None:
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(EngineError, match=r"no adapter_model\.safetensors"):
        check_folders(model, adapter, 1)
    with pytest.raises(EngineError, match=r"no adapter in .*elsewhere"):
        check_folders(model, model.parent / "elsewhere", 1)


def test_the_factory_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("medllm_ros.engine.factory.bundled_model", lambda: None)
    assert isinstance(create_engine("none", model_dir=""), ApprovedEngine)
    with pytest.raises(EngineError, match="needs a model: set model_dir"):
        create_engine("local", model_dir="")
    with pytest.raises(EngineError, match="needs a model: set model_dir"):
        create_engine("local", model_dir=None)
    with pytest.raises(EngineError, match=f"no model in {tmp_path}/absent"):
        create_engine("local", model_dir=tmp_path / "absent")
    with pytest.raises(EngineError, match="no engine 'gpt'; choose one of none, local"):
        create_engine("gpt")
    with pytest.raises(EngineError, match="no engine setting 'temperature'"):
        create_engine("local", temperature=1)
    with pytest.raises(EngineError, match="no quantisation 'int3'"):
        create_engine("local", model_dir=tmp_path, quantisation="int3")


def test_the_factory_refuses_an_adapter_of_another_layout(model: Path, adapter: Path) -> None:
    assert create_engine("local", model_dir=model, adapter_dir=adapter, prompt_layout=1).name == "local"
    write_card(adapter, model, LAYOUT + 1)
    with pytest.raises(EngineError, match=f"this robot writes layout {LAYOUT}"):
        create_engine("local", model_dir=model, adapter_dir=adapter)


def test_engines_are_imported_without_torch() -> None:
    code = "import sys, medllm_ros.engine.factory, medllm_ros.engine.supervisor; sys.exit('torch' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
