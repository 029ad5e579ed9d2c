/** Named profiles that the daemon keeps: their schemas and operations. */
import * as z from "zod";
import { operation } from "./operation.ts";
import { PROFILE_BODY_BYTES_MAX, profileContents } from "./profile_contents.ts";

/** The same form as a VM's name. */
export const profileName = z.string().regex(
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  "a name is 1 to 63 of a-z, 0-9 and -, and neither begins nor ends with -",
).describe("Name of the profile: 1 to 63 of a-z, 0-9 and -");

export const profileMode = z.enum(["read_only", "write_back"])
  .describe("Whether what the VM's browser holds at its end becomes the profile");
/** Whether what a VM's browser has at its end becomes the profile. */
export type ProfileMode = z.output<typeof profileMode>;

/** A VM's use of a profile; a name alone is one of `read_only`. */
export const profileUse = z.union([
  profileName.transform((name) => ({ name, mode: "read_only" as const })),
  z.strictObject({ name: profileName, mode: profileMode.default("read_only") }),
]);
/** A VM's use of a profile. */
export interface ProfileUse {
  readonly name: string;
  readonly mode: ProfileMode;
}

/** What a profile is to those who may not see what it holds. */
export const profile = z.object({
  name: profileName,
  version: z.int().describe("Grows by one with each save"),
  size_bytes: z.int().describe("Bytes of its JSON"),
  cookies: z.int().describe("How many it holds"),
  origins: z.int().describe("Of how many it holds what they store"),
  writer: z.string().optional().describe("The VM that will write it"),
  vms: z.array(z.string()).describe("VMs that have it, the writer among them"),
  save_error: z.string().optional().describe("Why the last save failed; absent when it did not"),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
/** What a profile is to those who may not see what it holds. */
export type Profile = z.output<typeof profile>;

/** What whoever needs the key can meet. */
const KEY_ERRORS = ["profile_key_missing", "profile_key_wrong"] as const;

const one = z.strictObject({ name: profileName });

export const profilesCreate = operation({
  name: "profiles.create",
  summary: "Make a profile, empty or out of what was exported; it is kept encrypted",
  http: { method: "POST", path: "/api/v1/profiles", status: 201 },
  input: z.strictObject({
    name: profileName,
    contents: profileContents.prefault({})
      .describe("What it holds, as profiles.export tells it; left out: nothing"),
  }),
  output: profile,
  errors: [
    ...["profile_exists", "profile_limit_reached", "profile_too_large"] as const,
    ...KEY_ERRORS,
    ...["state_locked", "disk_full"] as const,
  ],
  bodyBytesMax: PROFILE_BODY_BYTES_MAX,
});

export const profilesList = operation({
  name: "profiles.list",
  summary: "List all profiles, oldest first, without what they hold",
  http: { method: "GET", path: "/api/v1/profiles", status: 200 },
  input: z.strictObject({}),
  output: z.array(profile),
  errors: [],
});

export const profilesGet = operation({
  name: "profiles.get",
  summary: "Get one profile, without what it holds",
  http: { method: "GET", path: "/api/v1/profiles/{name}", status: 200 },
  input: one,
  output: profile,
  errors: ["profile_not_found"],
});

/** No GET, so that the audit has it. */
export const profilesExport = operation({
  name: "profiles.export",
  summary: "Read what a profile holds, in clear: whoever has it is logged in",
  http: { method: "POST", path: "/api/v1/profiles/{name}/export", status: 200 },
  input: one,
  output: profileContents,
  errors: ["profile_not_found", "profile_damaged", ...KEY_ERRORS],
  role: "admin",
});

export const profilesDelete = operation({
  name: "profiles.delete",
  summary: "Delete a profile that no VM has",
  http: { method: "DELETE", path: "/api/v1/profiles/{name}", status: 204 },
  input: one,
  output: z.void(),
  errors: ["profile_not_found", "profile_in_use"],
});
