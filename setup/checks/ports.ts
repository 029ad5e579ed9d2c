/** Ports of the daemon: free, or held by one of ours that answers. */
import type { Host } from "../../host/host.ts";
import { readLink } from "../../server/network/link.ts";
import { ANSWER_TIMEOUT_MS, apiAddress, daemonVersion } from "../daemon_answer.ts";
import type { Check, Finding, Patient } from "../finding.ts";
import { VERSION } from "../../protocol/version.ts";

/** The API, and the port that guests reach. */
export const checkPorts: Check = async (patient) => {
  const api = await apiPort(patient);
  const guests = await guestPort(patient, api.isViper);
  return [api.finding, guests];
};

async function apiPort(
  { host, config, isSetUp }: Patient,
): Promise<{ finding: Finding; isViper: boolean }> {
  const { hostname, port } = apiAddress(config);
  const check = "daemon";
  const at = `${hostname}:${port}`;
  if (!await isTaken(host, hostname, port)) {
    const status = isSetUp ? "fail" : "warn";
    const mend = isSetUp
      ? "systemctl restart viper-server, then journalctl -u viper-server"
      : "viper serve, or viper setup";
    return {
      finding: { check, status, seen: `nothing listens on ${at}`, mend },
      isViper: false,
    };
  }
  const version = await daemonVersion(host, config);
  if (version === null) {
    const seen = `something listens on ${at} that does not answer as a daemon`;
    const mend = `ss --listening --tcp --processes 'sport = ${port}' tells what`;
    return { finding: { check, status: "fail", seen, mend }, isViper: false };
  }
  const seen = `Viper ${version} answers on ${at}`;
  const finding: Finding = version === VERSION
    ? { check, status: "pass", seen }
    : { check, status: "warn", seen: `${seen}; this is ${VERSION}`, mend: "restart the daemon" };
  return { finding, isViper: true };
}

/** Asked on the bridge alone: without one the address may be somebody else's. */
async function guestPort(
  { host, config: { bridge, hostIp, guestPort } }: Patient,
  isViper: boolean,
): Promise<Finding> {
  const check = "guests' port";
  const hasBridge = await readLink(host, "doctor.ports:bridge", bridge) !== null;
  const hostname = hasBridge ? hostIp : "127.0.0.1";
  const at = `${hostname}:${guestPort}`;
  const taken = await isTaken(host, hostname, guestPort);
  if (taken && isViper) return { check, status: "pass", seen: `the daemon listens on ${at}` };
  if (!taken) return { check, status: "pass", seen: `${at} is free` };
  const mend = "end what listens there, or choose another VIPER_GUEST_PORT";
  return { check, status: "fail", seen: `something else listens on ${at}`, mend };
}

async function isTaken(host: Host, hostname: string, port: number): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  const address = { transport: "tcp", hostname, port } as const;
  const connection = await host.net.connect("doctor.ports:connect", address, signal)
    .catch(() => null);
  connection?.close();
  return connection !== null;
}
