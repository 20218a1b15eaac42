// Drives the control API with the client that openapi-generator has made of openapi.json; prints what it saw as JSON.
import {
  ClockApi, Configuration, FaultsApi, JournalApi, ResponseError, SandboxesApi, ScenariosApi, SnapshotsApi, StateApi,
} from "./control";

async function main(): Promise<void> {
  const configuration = new Configuration({ basePath: `${process.env.EMULATOR}/_emulator` });
  const sandboxes = new SandboxesApi(configuration);
  const made = await sandboxes.createSandbox({ sandboxRequest: { seed: 7 } });
  const sandbox = made.name;

  const faults = new FaultsApi(configuration);
  const armed = await faults.armFault({
    sandbox,
    fault: { vendor: "secoda", operation: "listIntegrations", when: { nth: [1, 3] }, delay: 0.01, reply: { status: 429 } },
  });
  const url = `${made.vendors.secoda.baseUrl}/integration/integrations`;
  const statuses: number[] = [];
  for (let call = 0; call < 3; call++) {
    statuses.push((await fetch(url, { headers: made.vendors.secoda.headers })).status);
  }
  const found = await faults.getFault({ sandbox, id: armed.id });

  const journal = new JournalApi(configuration);
  const verdict = await journal.verifyJournal({
    sandbox,
    documents: true,
    expectation: { operation: "listIntegrations", count: 2, where: { status: 429 } },
  });
  const listed = await journal.listExchanges({ sandbox, vendor: "secoda", limit: 2 });

  const snapshots = new SnapshotsApi(configuration);
  await snapshots.saveSnapshot({ sandbox, saveSnapshotRequest: { name: "before" } });
  const file = await snapshots.downloadSnapshot({ sandbox, name: "before" });
  const uploaded = await snapshots.uploadSnapshot({ sandbox, name: "again", body: file });

  const records = await new StateApi(configuration).listRecords({ sandbox, collection: "secoda.integrations", limit: 1 });
  const clock = await new ClockApi(configuration).setClock({
    sandbox,
    clockChange: { now: new Date("2030-01-01T00:00:00Z"), frozen: true },
  });
  const refused = await new ScenariosApi(configuration)
    .switchScenarioOn({ sandbox, vendor: "secoda", name: "outrage" })
    .then(() => "", async (problem: ResponseError) => (await problem.response.json()).detail);
  await sandboxes.dropSandbox({ sandbox });
  const left = (await sandboxes.listSandboxes()).sandboxes.map((one) => one.name);

  console.log(JSON.stringify({
    statuses,
    delay: found.fault.delay,
    hits: found.hits,
    passed: verdict.passed,
    replies: verdict.documents?.map((exchange) => exchange.reply?.status),
    listed: listed.exchanges.length,
    same: uploaded.bytes === file.size,
    records: records.records.length,
    clock: clock.now,
    refused,
    dropped: !left.includes(sandbox),
  }));
}

main().catch((problem) => {
  console.error(problem);
  process.exit(1);
});
