// A client of the official TypeScript SDK over HTTP, for our server to talk to.
//
// Run as `node node_client.mjs PACKAGES MODE URL`: the folder of the packages, `legacy`, `auto` or a revision
// to speak without asking, and the server. It prints one line of JSON for each step, as `mcp_client.py` does.

import { pathToFileURL } from "node:url";

const [packages, mode, url] = process.argv.slice(2);
const library = `${packages}/@modelcontextprotocol/client/dist/index.mjs`;
const { Client, StreamableHTTPClientTransport } = await import(pathToFileURL(library));

const NOTE = "note://greeting";
const LEVEL = "io.modelcontextprotocol/logLevel";

const notices = [];
let wake = () => {};
const questions = [];

const client = new Client(
  { name: "node-client", version: "3.2.1" },
  {
    capabilities: { elicitation: { form: {} }, sampling: {}, roots: { listChanged: true } },
    versionNegotiation: { mode: mode === "legacy" || mode === "auto" ? mode : { pin: mode } },
  },
);
client.onerror = (error) => say("fault", { text: String(error) });
client.setRequestHandler("elicitation/create", (request) => {
  questions.push(request.params.message);
  return { action: "accept", content: { name: "Ada" } };
});
client.setRequestHandler("sampling/createMessage", () => ({
  role: "assistant",
  content: { type: "text", text: "hello" },
  model: "fixed",
  stopReason: "endTurn",
}));
client.setRequestHandler("roots/list", () => ({ roots: [{ uri: "file:///project", name: "project" }] }));
for (const method of [
  "notifications/message",
  "notifications/tools/list_changed",
  "notifications/resources/updated",
]) {
  client.setNotificationHandler(method, (notice) => {
    notices.push([method, notice.params]);
    wake();
  });
}

function say(step, seen) {
  process.stdout.write(`${JSON.stringify({ step, ...seen })}\n`);
}

async function heard(method) {
  while (!notices.some(([name]) => name === method)) {
    await new Promise((resolve) => {
      wake = resolve;
    });
  }
  return notices.find(([name]) => name === method)[1];
}

async function call(name, args = {}, options = {}, meta = undefined) {
  const result = await client.callTool({ name, arguments: args, _meta: meta }, options);
  return {
    texts: result.content.map((block) => block.text),
    structured: result.structuredContent ?? null,
    is_error: result.isError ?? false,
  };
}

async function refused(work) {
  try {
    await work();
  } catch (error) {
    return { code: error.code };
  }
  throw new Error("expected an error, found a result");
}

const steps = {
  tools: async () => ({ names: (await client.listTools()).tools.map((tool) => tool.name) }),
  resources: async () => ({
    uris: (await client.listResources()).resources.map((item) => item.uri),
    templates: (await client.listResourceTemplates()).resourceTemplates.map((item) => item.uriTemplate),
  }),
  reads: async () => ({ contents: (await client.readResource({ uri: NOTE })).contents }),
  reads_nothing: () => refused(() => client.readResource({ uri: "note://nothing" })),
  prompt: async () => {
    const found = await client.getPrompt({ name: "greet", arguments: { name: "Ada" } });
    return { texts: found.messages.map((message) => message.content.text) };
  },
  completes: async () => {
    const ref = { type: "ref/prompt", name: "greet" };
    const found = await client.complete({ ref, argument: { name: "tone", value: "k" } });
    return { values: found.completion.values };
  },
  add: () => call("add", { a: 1, b: 2 }),
  weather: () => call("weather", { city: "Rome" }),
  fails: () => call("fails", { reason: "because" }),
  unknown: () => refused(() => call("no-such-tool")),
  slow: async () => {
    const progress = [];
    const seen = await call("slow", { steps: 3 }, { onprogress: (value) => progress.push(value.progress) });
    return { ...seen, progress };
  },
  asks: async () => ({ ...(await call("asks")), questions }),
  asks_twice: () => call("asks_twice"),
  samples: () => call("samples"),
  lists_roots: () => call("lists_roots"),
  logs: async () => {
    const modern = client.getNegotiatedProtocolVersion() === "2026-07-28";
    if (!modern) await client.setLoggingLevel("warning");
    const seen = await call("logs", { text: "x" }, {}, modern ? { [LEVEL]: "warning" } : undefined);
    const { level, data } = await heard("notifications/message");
    return { ...seen, level, data };
  },
  cancels: async () => {
    const giveUp = new AbortController();
    const given = call("waits", {}, { signal: giveUp.signal, onprogress: () => giveUp.abort() });
    const cancelled = await given.then(
      () => false,
      () => true,
    );
    let seen = await call("cancelled_calls");
    while (seen.texts[0] === "0") seen = await call("cancelled_calls");
    return { cancelled, ...seen };
  },
  listens: async () => {
    const modern = client.getNegotiatedProtocolVersion() === "2026-07-28";
    let listening;
    if (modern) {
      listening = await client.listen({ toolsListChanged: true, resourceSubscriptions: [NOTE] });
    } else {
      await client.subscribeResource({ uri: NOTE });
    }
    await call("changes");
    const { uri } = await heard("notifications/resources/updated");
    await heard("notifications/tools/list_changed");
    if (listening) await listening.close();
    return { uri, end: listening ? await listening.closed : null };
  },
};

const transport = new StreamableHTTPClientTransport(new URL(url));
await client.connect(transport);
say("connect", { revision: client.getNegotiatedProtocolVersion() });
for (const [name, step] of Object.entries(steps)) {
  try {
    say(name, await step());
  } catch (error) {
    say(name, { failed: `${error}` });
  }
}
if (transport.sessionId) await transport.terminateSession();
await client.close();
say("close", {});
