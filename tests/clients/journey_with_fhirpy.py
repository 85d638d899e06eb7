"""The whole journey of a referral over FHIR alone, driven by fhirpy with a `sistema` token:
python3 journey_with_fhirpy.py BASE TOKEN. From the draft at the post to the closed circuit; every
step is a transaction, as a machine would write it. Prints `task <id>` at the end. Exit code 77: not installed.
"""
import datetime
import sys

try:
    from fhirpy import SyncFHIRClient
    from fhirpy.base.exceptions import OperationOutcome
except ImportError:
    print("fhirpy is not installed")
    sys.exit(77)

base, token = sys.argv[1:3]
client = SyncFHIRClient(base, authorization=f"Bearer {token}")
CS, PROFILE = "urn:tejido:cs", "urn:tejido:profile"
ITEM = f"{CS}:dato-referencia"


def now(minutes=0):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def concept(system, code, text=None):
    coded = {"coding": [{"system": system, "code": code}]}
    return {**coded, "text": text} if text else coded


def item(code, reference):
    return {"type": concept(ITEM, code), "valueReference": {"reference": reference}}


def transaction(*resources):
    """PUT for what has an id, POST (with its urn:uuid) for what is new."""
    entries = []
    for resource in resources:
        resource = dict(resource)
        new = resource.pop("_new", None)
        kind = resource["resourceType"]
        if new:
            entries.append({"fullUrl": new, "resource": resource, "request": {"method": "POST", "url": kind}})
        else:
            version = resource.get("meta", {}).get("versionId")
            request = {"method": "PUT", "url": f"{kind}/{resource['id']}"}
            if version:
                request["ifMatch"] = f'W/"{version}"'
            entries.append({"resource": resource, "request": request})
    answer = client.execute("", method="post", data={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    locations = (entry["response"]["location"].split("/_history")[0] for entry in answer["entry"])
    return ["/".join(location.split("/")[-2:]) for location in locations]


def read(reference):
    kind, identifier = reference.split("/")[-2:]
    return client.execute(f"{kind}/{identifier}", method="get")


def pair():
    return dict(read(task_ref)), dict(read(request_ref))


STATUS = {
    "enviada": ("requested", "active"), "en-revision": ("received", "active"), "en-lista": ("ready", "active"),
    "citada": ("ready", "active"), "atendida": ("in-progress", "active"), "contrarreferida": ("in-progress", "active"),
    "plan-en-curso": ("in-progress", "active"), "circuito-cerrado": ("completed", "completed"),
}


def move(state, *others, inputs=(), outputs=(), clock=None, priority=None, drop=()):
    task, request = pair()
    task["status"], request["status"] = STATUS[state]
    task["businessStatus"] = concept(f"{CS}:estado-referencia", state)
    task["lastModified"] = now()
    if state == "enviada":
        task["authoredOn"] = now()
    kept = [one for one in task.get("input", []) if one["type"]["coding"][0]["code"] not in drop]
    task["input"] = kept + list(inputs)
    task["output"] = task.get("output", []) + list(outputs)
    for member in ("input", "output"):
        if not task[member]:
            del task[member]
    if clock:
        task["executionPeriod"] = {"start": clock}
    if priority:
        task["priority"] = priority
    made = transaction(task, request, *others)
    seen = read(task_ref)["businessStatus"]["coding"][0]["code"]
    assert seen == state, f"{seen}, not {state}"
    return made


def refused(act, words):
    try:
        act()
    except OperationOutcome as outcome:
        text = str(outcome.resource)
        assert "business-rule" in text and words in text, text
        return
    raise SystemExit(f"was taken, but is a rule: {words}")


# Who, from where, to where: a post, and a service at a hospital that has a free place.
slot = client.resources("Slot").search(status="free", start__ge=now()).sort("start").first()
# One more place of that agenda, now: nobody is attended before the day of the appointment.
today = {name: value for name, value in dict(read(f"Slot/{slot.id}")).items() if name not in ("id", "extension")}
today["meta"] = {"profile": today["meta"]["profile"]}
today["start"], today["end"] = now(-5), now(10)
slot = client.resource("Slot", **today)
slot.save()
schedule = read(slot["schedule"]["reference"])
service = read(next(a["reference"] for a in schedule["actor"] if a["reference"].startswith("HealthcareService/")))
specialty = service["specialty"][0]["coding"][0]
destination = service["providedBy"]["reference"]
patient = next(
    one for one in client.resources("Patient").search(_tag=f"{CS}:marca|sintetico").limit(20).fetch()
    if one.get("managingOrganization") and one["managingOrganization"]["reference"] != destination
)
person, origin = f"Patient/{patient.id}", patient["managingOrganization"]["reference"]

# 1. The post writes a draft.
request = {
    "resourceType": "ServiceRequest", "_new": "urn:uuid:6f1c36de-0d6b-4c37-9a57-4f0a8d0d3a01",
    "meta": {"profile": [f"{PROFILE}:referencia"]}, "status": "draft", "intent": "order", "priority": "routine",
    "code": {"coding": [{k: specialty[k] for k in ("system", "code", "display") if k in specialty}]},
    "subject": {"reference": person}, "performer": [{"reference": destination}],
    "reasonCode": [{"text": "Control que el puesto no puede dar"}],
}
task = {
    "resourceType": "Task", "_new": "urn:uuid:6f1c36de-0d6b-4c37-9a57-4f0a8d0d3a02",
    "meta": {"profile": [f"{PROFILE}:referencia-tarea"]}, "status": "draft", "intent": "order", "priority": "routine",
    "businessStatus": concept(f"{CS}:estado-referencia", "borrador"), "code": concept(f"{CS}:tarea", "referencia"),
    "focus": {"reference": request["_new"]}, "for": {"reference": person}, "authoredOn": now(),
    "requester": {"reference": origin}, "owner": {"reference": destination},
}
request_ref, task_ref = transaction(request, task)
print("draft", task_ref)

# 2. Danger signs are asked for before it is sent; nothing jumps a state; nobody changes the person.
refused(lambda: move("enviada", clock=now()), "danger signs")
draft = dict(read(request_ref))
draft["orderDetail"] = [concept(f"{CS}:senal-peligro", "ninguna")]
transaction(draft)
refused(lambda: move("circuito-cerrado"), "borrador")
sent = now()
move("enviada", clock=sent)

# 3. The coordinator takes it and puts it on the list; the clock stays the day of sending.
move("en-revision")
waits = {"type": concept(ITEM, "inasistencias"), "valueInteger": 0}
move("en-lista", inputs=[waits], priority="urgent")

# 4. A place is booked: Appointment, Slot and Task in one act.
held = dict(read(f"Slot/{slot.id}"))
held["status"] = "busy"
appointment = {
    "resourceType": "Appointment", "id": f"fhirpy-{slot.id}"[:64], "meta": {"profile": [f"{PROFILE}:cita"]},
    "status": "booked", "start": held["start"], "end": held["end"], "slot": [{"reference": f"Slot/{slot.id}"}],
    "basedOn": [{"reference": request_ref}], "supportingInformation": [{"reference": task_ref}],
    "participant": [{"actor": {"reference": person}, "status": "accepted"}],
}
where = f"Appointment/{appointment['id']}"
held["extension"] = held.get("extension", []) + [
    {"url": "urn:tejido:ext:cita", "valueReference": {"reference": where}}
]
refused(lambda: transaction(held), "Appointment")
move("citada", appointment, held, inputs=[item("cita", where)])

# 5. The specialist attends and answers.
fulfilled = dict(read(where))
fulfilled["status"] = "fulfilled"
visit = {
    "resourceType": "Encounter", "_new": "urn:uuid:6f1c36de-0d6b-4c37-9a57-4f0a8d0d3a03", "status": "in-progress",
    "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
    "subject": {"reference": person}, "basedOn": [{"reference": request_ref}], "period": {"start": now()},
    "serviceProvider": {"reference": destination},
}
visit_ref = move("atendida", fulfilled, visit, outputs=[item("atencion", visit["_new"])], drop=("cita",))[-1]
answer = {
    "resourceType": "Composition", "_new": "urn:uuid:6f1c36de-0d6b-4c37-9a57-4f0a8d0d3a04", "status": "final",
    "type": concept("http://loinc.org", "11488-4", "Contrarreferencia"), "subject": {"reference": person},
    "date": now(), "author": [{"reference": destination}], "title": "Contrarreferencia",
    "encounter": {"reference": visit_ref},
    "section": [{"title": "Indicaciones para el puesto", "text": {
        "status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Control en un mes</p></div>'}}],
}
finished = dict(read(visit_ref))
finished["status"], finished["period"] = "finished", {**finished["period"], "end": now()}
move("contrarreferida", finished, answer, outputs=[item("contrarreferencia", answer["_new"])])

# 6. The post acknowledges with a follow-up, does it, and only then the circuit closes.
follow_up = {
    "resourceType": "Task", "id": f"fhirpy-{task_ref.split('/')[-1]}"[:64],
    "meta": {"profile": [f"{PROFILE}:referencia-tarea"]}, "status": "accepted", "intent": "plan",
    "code": concept(f"{CS}:tarea", "seguimiento"), "basedOn": [{"reference": request_ref}],
    "partOf": [{"reference": task_ref}], "for": {"reference": person}, "owner": {"reference": origin},
    "description": "Control en un mes",
}
where = f"Task/{follow_up['id']}"
move("plan-en-curso", follow_up, outputs=[item("seguimiento", where)])
refused(lambda: move("circuito-cerrado"), "still open")
done = dict(read(where))
done["status"] = "completed"
refused(lambda: transaction(done), "in the same commit")
move("circuito-cerrado", done)

task, request = pair()
assert (task["status"], request["status"]) == ("completed", "completed"), (task["status"], request["status"])
assert read(f"Slot/{slot.id}")["status"] == "busy" and read(visit_ref)["status"] == "finished"
assert task["executionPeriod"]["start"] == sent, "the wait counts from the sending"
moves = client.execute(f"{task_ref}/_history", method="get")
assert moves["total"] >= 9, moves["total"]
refused(lambda: client.execute(task_ref, method="delete"), "never deleted")
print("task", task_ref.split("/")[-1])
