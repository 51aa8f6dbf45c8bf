"""A FHIR R4 Bundle in, one Delivery out.

Read: every MedicationRequest, the one Patient, and where present AllergyIntolerance, Condition, MedicationStatement,
Observation (eGFR, body weight, pregnancy), Encounter and Location. Other resources are left alone.

Refused, following the "modifier element" rules of FHIR R4 (https://hl7.org/fhir/R4/conformance-rules.html#isModifier):
``implicitRules``, any ``modifierExtension`` (we know none), ``doNotPerform``, a request that is not active or not an
order, an order or finding of another patient, a patient who is deceased, replaced or inactive. Resources that were
``entered-in-error`` are ignored, save for a MedicationRequest or a Medication, where the whole bundle is refused.

Validation is by hand on plain data: a general FHIR library checks far more than a delivery needs and knows no R4.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from medllm_ros.delivery import Delivery, DeliveryError
from medllm_ros.orders.errors import OrderError, shown
from medllm_ros.orders.fhir_patient import read_locale, read_patient
from medllm_ros.orders.fhir_place import read_place
from medllm_ros.orders.fhir_request import read_request
from medllm_ros.orders.node import Node
from medllm_ros.orders.strict_json import check_shape

BUNDLE_TYPES: Final = ("collection", "transaction", "searchset", "document", "batch")
READ: Final = frozenset(
    {
        "MedicationRequest",
        "Patient",
        "AllergyIntolerance",
        "Condition",
        "MedicationStatement",
        "Observation",
        "Encounter",
        "Location",
        "Medication",
    }
)
MAX_ENTRIES: Final = 1000
MAX_REQUESTS: Final = 50


class Bundle:
    """The resources of one bundle, by type and by what they are referred to as."""

    def __init__(self, bundle: Node) -> None:
        self.of_type: dict[str, list[Node]] = {kind: [] for kind in READ}
        self._by_reference: dict[str, Node] = {}
        entries = bundle.children("entry")
        if len(entries) > MAX_ENTRIES:
            raise bundle.fail("entry", f"has {len(entries)} entries; at most {MAX_ENTRIES} are allowed.")
        for entry in entries:
            self._add(entry)

    def _add(self, entry: Node) -> None:
        request = entry.child("request")
        if request is not None and request.text("method") not in ("POST", "PUT", ""):
            raise request.fail("method", f"is {shown(request.text('method'))}; only POST and PUT bring an order.")
        if entry.child("resource") is None:
            raise entry.fail("resource", "is missing.")
        raw = Node(entry.value["resource"], entry.path + ".resource")
        if not raw.kind:
            raise raw.fail("resourceType", "is missing.")
        resource = Node(raw.value, f"{raw.kind}/{raw.id}" if raw.id else f"{entry.path}.{raw.kind}")
        if resource.kind not in READ:
            return
        refuse_modifiers(resource)
        refuse_modifiers(entry, inside=False)
        names = [entry.text("fullUrl")] + ([f"{resource.kind}/{resource.id}"] if resource.id else [])
        for name in filter(None, names):
            known = self._by_reference.setdefault(name, resource)
            if known is not resource:
                raise OrderError(f"The bundle has {shown(name)} twice; keep one.")
        self.of_type[resource.kind].append(resource)

    def resolve(self, reference: str, holder: Node) -> Node | None:
        """Return what ``reference`` of ``holder`` points to, None where the bundle does not have it."""
        if reference.startswith("#"):
            for contained in holder.children("contained"):
                if contained.id == reference[1:]:
                    return Node(contained.value, f"{holder.path}{reference}")
            return None
        reference = reference.split("/_history/")[0]
        found = self._by_reference.get(reference)
        if found is None and reference.count("/") > 1:  # http://server/fhir/Patient/1
            found = self._by_reference.get("/".join(reference.rsplit("/", 2)[1:]))
        return found

    def about(self, holder: Node, key: str, patient: Node) -> None:
        """Raise unless ``holder``'s reference ``key`` is the bundle's patient."""
        subject = holder.child(key)
        if subject is None:
            raise holder.fail(key, "is missing; a resource must say whose it is.")
        reference = subject.text("reference")
        if reference:
            if self.resolve(reference, holder) is not patient:
                raise subject.fail(
                    "reference", f"is {shown(reference)}, which is not the bundle's patient; send one patient a bundle."
                )
            return
        identifier = subject.child("identifier")
        own = {(item.text("system"), item.text("value")) for item in patient.children("identifier")}
        if (
            identifier is None
            or (identifier.text("system"), identifier.text("value")) not in own
            or not identifier.text("value")
        ):
            raise holder.fail(key, "names no patient of the bundle; send one patient a bundle.")


def refuse_modifiers(node: Node, inside: bool = True) -> None:
    """Raise where ``node`` (and what is inside) has an implicitRules or a modifierExtension."""
    waiting: list[tuple[Any, str]] = [(node.value, node.path)]
    while waiting:
        value, path = waiting.pop()
        if isinstance(value, Mapping):
            if value.get("implicitRules") is not None:
                rules = shown(value["implicitRules"])
                raise OrderError(f"{path}.implicitRules is {rules}; orders under special rules are not understood.")
            if value.get("modifierExtension"):
                extension = value["modifierExtension"]
                first = extension[0] if isinstance(extension, list) else extension
                url = first.get("url", "") if isinstance(first, Mapping) else ""
                raise OrderError(
                    f"{path}.modifierExtension {shown(url)} is unknown and could change the meaning; "
                    "it cannot be delivered."
                )
            if inside:
                waiting.extend(
                    (part, f"{path}.{key}") for key, part in value.items() if isinstance(part, Mapping | list)
                )
        elif isinstance(value, list):
            waiting.extend((part, f"{path}[{place}]") for place, part in enumerate(value))


def delivery_from_bundle(bundle: Mapping[str, Any], *, now: dt.date) -> Delivery:
    """Return the delivery that ``bundle`` orders; ``now`` gives the patient's age and which orders have run out."""
    check_shape(bundle)
    root = Node(bundle, "Bundle")
    if root.kind != "Bundle":
        raise OrderError(f"The resource is {shown(root.kind or 'nothing')}; send a FHIR R4 Bundle.")
    if root.text("type") not in BUNDLE_TYPES:
        raise root.fail("type", f"is {shown(root.text('type'))}; it must be one of {', '.join(BUNDLE_TYPES)}.")
    refuse_modifiers(root, inside=False)
    resources = Bundle(root)
    patients = resources.of_type["Patient"]
    if len(patients) != 1:
        raise OrderError(f"The bundle has {len(patients)} Patient resources; send exactly one patient a bundle.")
    requests = resources.of_type["MedicationRequest"]
    if not requests:
        raise OrderError("The bundle has no MedicationRequest; there is nothing to deliver.")
    if len(requests) > MAX_REQUESTS:
        raise OrderError(f"The bundle has {len(requests)} MedicationRequests; at most {MAX_REQUESTS} fit one delivery.")
    try:
        ward, bed, scenario = read_place(resources, patients[0])
        return Delivery(
            delivery_id=_delivery_id(root, requests),
            medications=tuple(read_request(request, resources, patients[0], now) for request in requests),
            patient=read_patient(patients[0], resources, now),
            scenario=scenario,
            locale=read_locale(patients[0]),
            ward=ward,
            bed=bed,
        )
    except DeliveryError as error:
        raise OrderError(f"The bundle cannot be delivered: {error}") from error


def _delivery_id(root: Node, requests: list[Node]) -> str:
    """Return the bundle's identifier or id, else one made from the requests: the same bundle gives the same id."""
    identifier = root.child("identifier")
    for name in (identifier.text("value") if identifier else "", root.id):
        if 0 < len(name) <= 64 and name.isprintable():
            return name
    content = json.dumps([dict(request.value) for request in requests], sort_keys=True, default=str)
    return "fhir-" + hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:24]
