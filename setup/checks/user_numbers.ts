/** Numbers of the users that VMs run as: nobody else may have them. */
import { parseSubnet } from "../../server/network/subnet.ts";
import type { Check } from "../finding.ts";

/** Users, and numbers that were handed to users for their containers. */
export const checkUserNumbers: Check = async ({ host, config: { firstUid, subnet } }) => {
  const check = "VMs' users";
  if (firstUid === null) {
    const seen = "VMs run as the daemon's own user";
    return [{ check, status: "warn", seen, mend: "leave VIPER_FIRST_UID out" }];
  }
  const last = firstUid + 2 ** (32 - parseSubnet(subnet).prefixLength) - 1;
  const [users, handed] = await Promise.all([
    host.files.readText("doctor.users:passwd", "/etc/passwd"),
    host.files.readText("doctor.users:subuid", "/etc/subuid").catch(() => ""),
  ]);
  const taken = [
    ...rows(users).map(([name, _password, uid]) => ({ name, from: Number(uid), count: 1 })),
    ...rows(handed).map(([name, from, count]) => ({
      name,
      from: Number(from),
      count: Number(count),
    })),
  ].filter(({ from, count }) => from <= last && from + count > firstUid);
  const range = `${firstUid} to ${last}`;
  if (taken.length === 0) return [{ check, status: "pass", seen: `${range} are nobody else's` }];
  const seen = `of ${range}, some belong to ${taken.map(({ name }) => name).join(", ")}`;
  return [{ check, status: "fail", seen, mend: "choose another VIPER_FIRST_UID" }];
};

function rows(text: string): string[][] {
  return text.split("\n").filter((line) => line !== "").map((line) => line.split(":"));
}
