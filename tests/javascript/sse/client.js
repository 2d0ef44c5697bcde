/*
 * Runs one operation by graphql-sse's own client, and prints what it is told as lines of JSON:
 *   node client.js '{"url": …, "headers": …, "request": …, "retries": …}'
 */
import { createClient } from 'graphql-sse';

const { url, headers, request, retries = 0 } = JSON.parse(process.argv[2]);
const print = value => process.stdout.write(`${JSON.stringify(value)}\n`);

const client = createClient({ url, headers, retryAttempts: retries, retry: async () => {} });

client.subscribe(
  request,
  {
    next: result => print({ result }),
    complete: () => print({ complete: true }),
    error: fault => print({ error: fault.message, status: fault.response?.status ?? null }),
  },
  { connected: reconnected => print({ connected: true, reconnected }) },
);
