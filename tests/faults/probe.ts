/** Tries which targets can be reached from where it runs; `deno run probe.ts TARGETS`. */
import { createSocket } from "node:dgram";

/** Something that answers, if it is let. */
export interface Target {
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly address: string;
  readonly port: number;
}

/** What can be reached answers in a millisecond; a busy machine takes a little longer. */
const ANSWER_TIMEOUT_MS = 1_500;

async function isReached({ protocol, address, port }: Target): Promise<boolean> {
  if (protocol === "icmp") return await pings(address);
  return protocol === "tcp" ? await connects(address, port) : await echoes(address, port);
}

async function connects(hostname: string, port: number): Promise<boolean> {
  const timeout = Promise.withResolvers<false>();
  const timer = setTimeout(() => timeout.resolve(false), ANSWER_TIMEOUT_MS);
  const connected = Deno.connect({ hostname, port }).then((connection) => {
    connection.close();
    return true;
  }, () => false);
  return await Promise.race([connected, timeout.promise]).finally(() => clearTimeout(timer));
}

async function echoes(address: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = createSocket("udp4");
  socket.on("message", () => resolve(true));
  socket.on("error", () => resolve(false));
  socket.send("anyone there?", port, address);
  const timer = setTimeout(() => resolve(false), ANSWER_TIMEOUT_MS);
  const isReached = await promise;
  clearTimeout(timer);
  socket.close();
  return isReached;
}

async function pings(address: string): Promise<boolean> {
  const args = ["ping", "-c", "1", "-W", "1", address];
  const options = { args, stdin: "null", stdout: "null", stderr: "null" } as const;
  return (await new Deno.Command("busybox", options).output()).success;
}

if (import.meta.main) {
  const targets = JSON.parse(Deno.args[0] ?? "[]") as Target[];
  console.log(JSON.stringify(await Promise.all(targets.map(isReached))));
  Deno.exit();
}
