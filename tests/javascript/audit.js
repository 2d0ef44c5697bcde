// Runs every audit of GraphQL over HTTP against a server: `node audit.js URL [TOKEN]`. Prints their results as JSON.
import { serverAudits } from "graphql-http";

const [url, token] = process.argv.slice(2);

function fetchAs(input, init = {}) {
  const headers = new Headers(init.headers);
  if (token) headers.set("authorization", `Bearer ${token}`);
  return fetch(input, { ...init, headers });
}

const results = [];
for (const audit of serverAudits({ url, fetchFn: fetchAs })) {
  const { id, name, status, reason } = await audit.fn();
  results.push({ id, name, status, reason });
}
console.log(JSON.stringify(results));
