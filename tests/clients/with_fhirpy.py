"""fhirpy against a running Tejido: python3 with_fhirpy.py BASE TOKEN. Exit code 77: not installed."""
import sys

try:
    from fhirpy import SyncFHIRClient
    from fhirpy.base.exceptions import OperationOutcome, ResourceNotFound
except ImportError:
    print("fhirpy is not installed")
    sys.exit(77)

base, token = sys.argv[1:3]
client = SyncFHIRClient(base, authorization=f"Bearer {token}")

people = []
for number in range(7):
    person = client.resource("Patient", name=[{"family": "Caal", "given": [f"José {number}"]}], gender="female")
    person.save()
    assert person.id and person["meta"]["versionId"] == "1"
    people.append(person)

person = people[0]
person["birthDate"] = "1992-03-14"
person.save()
again = client.reference("Patient", person.id).to_resource()
assert again["birthDate"] == "1992-03-14" and again["meta"]["versionId"] == "2", again

found = client.resources("Patient").search(name="jose", gender="female").sort("-_id").limit(2)
assert len(found.fetch()) == 2
everyone = found.fetch_all()
assert [one.id for one in everyone] == sorted((one.id for one in people), reverse=True)
assert client.resources("Patient").search(name="jose").count() == 7

observation = client.resource(
    "Observation",
    status="final",
    code={"coding": [{"system": "http://loinc.org", "code": "8310-5"}]},
    subject=person.to_reference(),
    valueQuantity={"value": 38.5, "system": "http://unitsofmeasure.org", "code": "Cel"},
)
observation.save()
with_subject = client.resources("Observation").search(code="8310-5").include("Observation", "subject").fetch_raw()
assert {entry.resource.resourceType for entry in with_subject.entry} == {"Observation", "Patient"}

numbered = client.resource("Patient", identifier=[{"system": "urn:x", "value": "1"}])
first, created = client.resources("Patient").search(identifier="urn:x|1").update(numbered)
same, created_again = client.resources("Patient").search(identifier="urn:x|1").update(numbered)
assert first.id == same.id and created and not created_again

try:
    client.resource("Patient", birthDate="1992-02-30").save()
    raise SystemExit("30 February was taken")
except OperationOutcome as outcome:
    assert "Patient.birthDate" in str(outcome.resource), outcome

people[1].delete()
try:
    client.reference("Patient", people[1].id).to_resource()
    raise SystemExit("a deleted resource was read")
except (ResourceNotFound, OperationOutcome):
    pass
print("fhirpy: create, update, read, search, include, pages, conditional update, refusal, delete")
