"""``medllm deliver ORDER.json``: check an order and publish it to a running robot."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from medllm_ros.cli.chat_command import load_order
from medllm_ros.cli.ros_env import ensure_ros
from medllm_ros.delivery import Locale


def add(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = parsers.add_parser(
        "deliver",
        help="check an order and publish it",
        description="Reads a FHIR R4 Bundle (MedicationRequest, Patient, AllergyIntolerance) or the simple form of "
        "config/examples/ward_order.simple.json, and publishes it on delivery/event as dispatched and arrived.",
    )
    parser.add_argument("order", type=Path)
    parser.add_argument("--locale", choices=[locale.value for locale in Locale])
    parser.add_argument("--namespace", default="", help="the robot's namespace")
    parser.add_argument("--check", action="store_true", help="only check; publish nothing and need no ROS")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for a robot and its answer (10)")
    parser.add_argument("--json", action="store_true")


def run(args: argparse.Namespace) -> int:
    """Check, then publish."""
    delivery = load_order(args.order, args.locale)
    medicines = [medication.as_ordered or medication.name for medication in delivery.medications]
    spoken: list[str] = []
    if not args.check:
        ensure_ros(sys.argv[1:])
        from medllm_ros.cli.visit_client import VisitClient

        client = VisitClient(delivery, namespace=args.namespace, timeout_s=args.timeout)
        try:
            client.wait_until_ready(args.timeout)
            spoken = [caption.text for caption in client.deliver().captions]
        finally:
            client.close()
    if args.json:
        found = {"delivery_id": delivery.delivery_id, "medications": medicines, "spoken": spoken}
        print(json.dumps(found, ensure_ascii=False))
        return 0
    print(f"{delivery.delivery_id}: {', '.join(medicines)} for ward {delivery.ward or '?'}, bed {delivery.bed or '?'}")
    for text in spoken:
        print(f"robot> {text}")
    return 0
