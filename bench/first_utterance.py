"""How long a patient waits: from the transcript on the topic to the first utterance on the topic, over DDS.

    scripts/in_environment python bench/first_utterance.py [--turns 200] [--json]

Four nodes run in a process of their own (`medllm up`, engine none, sink none, no pace); this process is the patient.
The first three turns are left out (discovery, first use of the services).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.progress import track

from medllm_ros.cli.chat_command import load_order
from medllm_ros.cli.visit_client import VisitClient
from medllm_ros.paths import config_dir

QUESTIONS = ("這個藥是治療什麼的？", "吃了會有什麼副作用？", "如果忘記吃怎麼辦？", "要怎麼吃？", "可以停藥嗎？")
WARM_UP = 3


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    delivery = load_order(config_dir() / "examples" / "ward_order.fhir.json", "zh_TW")
    namespace = f"bench_{delivery.delivery_id[-8:]}"
    with tempfile.TemporaryDirectory() as folder:
        robot = subprocess.Popen(
            [
                sys.executable, "-P", "-m", "medllm_ros.cli", "up", "--namespace", namespace, "--sink", "none",
                "--journal", str(Path(folder) / "journal.sqlite"), "--param", "speaker_node.paced=false",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        client = VisitClient(delivery, namespace=namespace)
        try:
            client.wait_until_ready()
            client.deliver()
            client.say("我叫王春嬌，民國四十五年三月二號生")
            seconds = []
            for turn in track(range(args.turns), "asking", disable=args.json):
                reaction = client.say(QUESTIONS[turn % len(QUESTIONS)])
                if turn >= WARM_UP:
                    seconds.append(reaction.captions[0].after_s)
        finally:
            client.close()
            robot.send_signal(signal.SIGINT)
            robot.wait(timeout=15)
    found = {
        "turns": len(seconds),
        "median_ms": round(statistics.median(seconds) * 1000, 2),
        "p99_ms": round(statistics.quantiles(seconds, n=100)[98] * 1000, 2),
        "max_ms": round(max(seconds) * 1000, 2),
    }
    print(json.dumps(found) if args.json else ", ".join(f"{name} {value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
