"""fhirclient (SMART) against a running Tejido: python3 with_fhirclient.py BASE TOKEN. Exit code 77: not installed."""
import sys

try:
    from fhirclient import client
    from fhirclient.models.bundle import Bundle
    from fhirclient.models.humanname import HumanName
    from fhirclient.models.patient import Patient
except ImportError:
    print("fhirclient is not installed")
    sys.exit(77)

base, token = sys.argv[1:3]
smart = client.FHIRClient(settings={"app_id": "tejido-tests", "api_base": base + "/"})
smart.server.session.headers["Authorization"] = f"Bearer {token}"
statement = smart.server.capabilityStatement
assert statement.fhirVersion == "4.0.1", statement.fhirVersion

ids = []
for number in range(5):
    person = Patient()
    person.name = [HumanName({"family": "Choc", "given": [f"María {number}"]})]
    person.gender = "female"
    created = person.create(smart.server)
    ids.append(created["id"])

person = Patient.read(ids[0], smart.server)
person.gender = "other"
person.update(smart.server)
assert Patient.read(ids[0], smart.server).gender == "other"

found = Patient.where({"family": "choc"}).perform_resources(smart.server)
assert sorted(one.id for one in found) == sorted(ids), found

seen, page = [], Patient.where({"family": "choc", "_count": "2", "_sort": "_id"}).perform(smart.server)
while page is not None:
    seen += [entry.resource.id for entry in page.entry or []]
    link = next((link.url for link in page.link if link.relation == "next"), None)
    page = Bundle(smart.server.request_json(link)) if link else None
assert seen == sorted(ids), seen

person = Patient.read(ids[1], smart.server)
person.delete(smart.server)
left = Patient.where({"family": "choc"}).perform_resources(smart.server)
assert len(left) == 4, left
print("fhirclient: statement, create, read, update, search, pages, delete")
