/** Profiles on their way into VMs' browsers, and out of them. */
import type { Host } from "../../host/host.ts";
import { bounded } from "../../protocol/http_body.ts";
import { createClient } from "../../protocol/http_client.ts";
import type { Client } from "../../protocol/operation.ts";
import { ORIGINS_MAX, profileContents } from "../../protocol/profile_contents.ts";
import { ViperError } from "../../protocol/problems.ts";
import type { ProfileUse } from "../../protocol/profiles.ts";
import { type SignableInit, Signer } from "../../protocol/signer.ts";
import { profileAttach, profileExtract } from "../../protocol/browser_profile.ts";
import type { AgentLink } from "../vms/incarnation.ts";
import type { VmProfiles } from "../vms/vm_profiles.ts";
import type { Profiles } from "./profiles.ts";

/** How long a browser may take to be given a profile, and to give it, in milliseconds. */
export const ATTACH_TIMEOUT_MS = 60_000;
export const SAVE_TIMEOUT_MS = 30_000;
/** Bytes of an agent's answer: the profile, and once more what the active page's origin stores. */
export const ANSWER_BYTES_MAX = 34 * 1024 * 1024;
/** How much later than the agent's own timeout it is given up. */
const GRACE_MS = 5_000;

const operations = { attach: profileAttach, extract: profileExtract } as const;

/** What guests' profiles are moved with. */
export interface GuestProfilesParts {
  readonly profiles: Profiles;
  readonly host: Pick<Host, "clock" | "random" | "log">;
}

/** The profiles of VMs. */
export class GuestProfiles implements VmProfiles {
  constructor(private readonly parts: GuestProfilesParts) {}

  assertUsable({ name, mode }: ProfileUse, action: string): void {
    const { writer } = this.parts.profiles.get(name);
    if (mode === "read_only" || writer === undefined) return;
    throw new ViperError(
      "profile_in_use",
      `Cannot ${action}: VM "${writer}" writes to profile "${name}"`,
      { hint: `Delete VM "${writer}", or use the profile with mode read_only` },
    );
  }

  async attach(profile: string, agent: AgentLink): Promise<void> {
    const { cookies, origins } = await this.parts.profiles.read(profile);
    await this.#ask(
      agent,
      ATTACH_TIMEOUT_MS,
      (client, timeout_ms, options) => client.attach({ cookies, origins, timeout_ms }, options),
    );
  }

  async save(profile: string, agent: AgentLink): Promise<void> {
    const { profiles, host: { log } } = this.parts;
    try {
      const { attached, cookies, origins, read, left_out } = await this.#ask(
        agent,
        SAVE_TIMEOUT_MS,
        (client, timeout_ms, options) => client.extract({ scope: "visited", timeout_ms }, options),
      );
      if (!attached) {
        // What a browser holds that came up without the profile must not take its place.
        const message = `Cannot save profile "${profile}": the browser has begun anew without it`;
        throw new ViperError("browser_unavailable", message);
      }
      // Where nobody was, or what could not be read, it stays as it was.
      const kept = (await profiles.read(profile)).origins
        .filter(({ origin }) => !read.includes(origin));
      // What was gone to last stands last.
      const all = [...kept, ...origins].slice(-ORIGINS_MAX);
      const contents = { cookies, origins: all, left_out };
      // A guest may answer what it likes; what could not be attached again must not be kept.
      const { data, error } = profileContents.safeParse(contents);
      if (data === undefined) {
        const reason = error.issues[0]?.message;
        throw new Error(
          `Cannot save profile "${profile}": what the browser has is none: ${reason}`,
        );
      }
      await profiles.save(profile, data);
      log("info", "saved a profile", { profile, left_out: left_out.length });
    } catch (error) {
      profiles.noteSaveError(profile, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async #ask<Answer>(
    agent: AgentLink,
    timeoutMs: number,
    call: (
      client: Client<typeof operations>,
      timeoutMs: number,
      options: { readonly signal: AbortSignal },
    ) => Promise<Answer>,
  ): Promise<Answer> {
    const { host } = this.parts;
    using _use = agent.use();
    const signer = new Signer(agent.token, "agent", host);
    const client = createClient(operations, {
      baseUrl: agent.url,
      fetch: (url, init) =>
        signer.send(
          async (url, init) =>
            bounded(await agent.pool.fetch("profiles.guest:fetch", url, init), ANSWER_BYTES_MAX),
          url,
          init as SignableInit,
        ),
    });
    const answered = new AbortController();
    const late = new AbortController();
    const ended = AbortSignal.any([answered.signal, agent.signal]);
    host.clock.sleep(timeoutMs + GRACE_MS, ended).then(
      () => late.abort(new Error(`No answer of the agent in ${timeoutMs + GRACE_MS} ms`)),
      () => {}, // Answered, or gone, in time.
    );
    try {
      const signal = AbortSignal.any([late.signal, agent.signal]);
      return await call(client, timeoutMs, { signal });
    } finally {
      answered.abort();
    }
  }
}
