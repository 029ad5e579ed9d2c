/** API keys and the tickets that stand in for them: their schemas and operations. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { role } from "./roles.ts";

/** Ten years: a key that lives longer is one without an end. */
export const KEY_TTL_MS_MAX = 315_360_000_000;

/** What an API key is to clients, which never see its secret again. */
export const apiKey = z.object({
  id: z.string().describe("What to delete it by"),
  name: z.string(),
  role,
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime().optional().describe("Absent: the key does not expire"),
  last_used_at: z.iso.datetime().optional()
    .describe("To the minute; absent until the first use"),
});
/** What an API key is to clients. */
export type ApiKey = z.infer<typeof apiKey>;

export const keysCreate = operation({
  name: "keys.create",
  summary: "Make an API key; the answer shows it, and nothing else ever will",
  http: { method: "POST", path: "/api/v1/keys", status: 201 },
  input: z.strictObject({
    name: z.string().regex(
      /^[a-zA-Z0-9][a-zA-Z0-9_.@-]{0,62}$/,
      "a name is 1 to 63 of letters, digits and _ . @ -, and begins with a letter or digit",
    ).describe("Name of the key: 1 to 63 of letters, digits and _ . @ -"),
    role: role.default("operator"),
    ttl_ms: z.int().min(1).max(KEY_TTL_MS_MAX).optional()
      .describe("Milliseconds until the key expires; left out: never"),
  }),
  output: apiKey.extend({ key: z.string().describe("The key itself; it is told this once") }),
  errors: ["key_exists", "key_limit_reached"],
  role: "admin",
});

export const keysList = operation({
  name: "keys.list",
  summary: "List all API keys, oldest first, without their secrets",
  http: { method: "GET", path: "/api/v1/keys", status: 200 },
  input: z.strictObject({}),
  output: z.array(apiKey),
  errors: [],
  role: "admin",
});

export const keysDelete = operation({
  name: "keys.delete",
  summary: "Delete an API key; requests with it are refused from now on",
  http: { method: "DELETE", path: "/api/v1/keys/{id}", status: 204 },
  input: z.strictObject({
    id: z.string().regex(/^[0-9a-f]{16}$/, "an id is 16 of 0-9 and a-f")
      .describe("Id of the key, as keys.list tells it"),
  }),
  output: z.void(),
  errors: ["key_not_found"],
  role: "admin",
});

export const ticketsCreate = operation({
  name: "tickets.create",
  summary: "Make a ticket that admits one request, as ?ticket=, with the caller's role",
  http: { method: "POST", path: "/api/v1/tickets", status: 201 },
  input: z.strictObject({}),
  output: z.object({
    ticket: z.string().describe("What to pass as ?ticket="),
    expires_at: z.iso.datetime(),
  }),
  errors: ["ticket_limit_reached"],
  role: "viewer",
});
