// fhir-kit-client against a running Tejido: node with_fhir_kit_client.mjs BASE TOKEN. Exit code 77: not installed.
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

// An ES module is not found by NODE_PATH, so its folders are tried by hand.
const folders = (process.env.NODE_PATH ?? "").split(":").filter(Boolean);
const places = ["fhir-kit-client", ...folders.map((folder) => `${pathToFileURL(folder)}/fhir-kit-client/dist/client.js`)];
let Client;
for (const place of places) {
  Client ??= await import(place).then((found) => found.default ?? found.Client, () => undefined);
}
if (!Client) {
  console.log("fhir-kit-client is not installed");
  process.exit(77);
}

const [baseUrl, token] = process.argv.slice(2);
const client = new Client({ baseUrl, bearerToken: token });
const statement = await client.capabilityStatement();
assert.equal(statement.fhirVersion, "4.0.1");

const ids = [];
for (let number = 0; number < 5; number += 1) {
  const body = { resourceType: "Patient", name: [{ family: "Coc", given: [`Ana ${number}`] }], gender: "female" };
  ids.push((await client.create({ resourceType: "Patient", body })).id);
}
const person = await client.read({ resourceType: "Patient", id: ids[0] });
const updated = await client.update({ resourceType: "Patient", id: ids[0], body: { ...person, gender: "other" } });
assert.equal(updated.meta.versionId, "2");
const first = await client.vread({ resourceType: "Patient", id: ids[0], version: "1" });
assert.equal(first.gender, "female");
const jsonPatch = [{ op: "replace", path: "/gender", value: "male" }];
const patched = await client.patch({ resourceType: "Patient", id: ids[0], jsonPatch });
assert.equal(patched.gender, "male");

const seen = [];
let page = await client.search({ resourceType: "Patient", searchParams: { family: "coc", _count: 2, _sort: "_id" } });
while (page) {
  seen.push(...(page.entry ?? []).map((entry) => entry.resource.id));
  page = await client.nextPage({ bundle: page });
}
assert.deepEqual(seen, [...ids].sort());
const posted = await client.search({
  resourceType: "Patient",
  searchParams: { family: "coc" },
  options: { postSearch: true },
});
assert.equal(posted.entry.length, 5);

const entry = (resource, method, url) => ({ resource, request: { method, url } });
const body = {
  resourceType: "Bundle",
  type: "transaction",
  entry: [entry({ resourceType: "Patient", name: [{ family: "Coc" }] }, "POST", "Patient")],
};
const response = await client.transaction({ body });
assert.equal(response.type, "transaction-response");
const history = await client.history({ resourceType: "Patient", id: ids[0] });
assert.equal(history.entry.length, 3);
await client.delete({ resourceType: "Patient", id: ids[1] });
await assert.rejects(client.read({ resourceType: "Patient", id: ids[1] }), (error) => error.response.status === 410);
console.log("fhir-kit-client: statement, create, read, vread, update, patch, search, pages, transaction, history, delete");
