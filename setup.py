"""Install medllm_ros without ROS: `pip install -e .[local,speech,dev]` for training, the command line and an IDE.

A robot builds with colcon (CMakeLists.txt) and does not read this file. Versions that were tested together are pinned
in requirements/; here the same distributions are asked for from the same major version on.
"""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent


def wanted(name: str) -> list[str]:
    """Return the distributions of ``requirements/<name>.txt``, those it includes too, each as ``name>=major``."""
    found: list[str] = []
    for line in (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-r "):
            found += wanted(line[3:].strip().removesuffix(".txt"))
        elif line:
            found.append(re.sub(r"==(\d+)\..*", r">=\1", line))
    return sorted(set(found))


def below(folder: str) -> list[tuple[str, list[str]]]:
    """Return every file below ``folder`` as setuptools' data files in ``share/medllm_ros``."""
    folders = [path for path in (ROOT / folder, *sorted((ROOT / folder).rglob("*"))) if path.is_dir()]
    files = {path: [file for file in sorted(path.iterdir()) if file.is_file()] for path in folders}
    return [
        (f"share/medllm_ros/{path.relative_to(ROOT)}", [str(file.relative_to(ROOT)) for file in inside])
        for path, inside in files.items()
        if inside
    ]


# Data files that travel with the package.
KINDS = ("yaml", "npz", "gz", "j2", "jinja", "json", "jsonl", "txt", "tsv", "md", "html")
manifest = ElementTree.parse(ROOT / "package.xml").getroot()

setup(
    name="medllm_ros",
    version=manifest.findtext("version"),
    description=manifest.findtext("description"),
    license="MIT",
    license_files=["LICENSE", "NOTICE"],
    python_requires=">=3.11,<3.14",
    packages=find_packages(include=["medllm_ros", "medllm_ros.*", "training", "training.*"]),
    package_data={package: [f"**/*.{kind}" for kind in KINDS] for package in ("medllm_ros", "training")},
    data_files=[*below("config"), *below("models")],
    install_requires=sorted({*wanted("rosdep"), *wanted("robot")} - {*wanted("speech")}),
    extras_require={extra: wanted(extra) for extra in ("local", "train", "speech", "dev")},
    entry_points={"console_scripts": ["medllm = medllm_ros.cli.main:main", "medllm-train = training.cli:main"]},
    zip_safe=False,
)
