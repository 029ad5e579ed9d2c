/** What is staged for a VM, unpacked again by the system's cpio. */
import assert from "node:assert/strict";
import { denoHost } from "../../../../host/deno_host.ts";
import { type Instance, instance } from "../../../../protocol/guest.ts";
import { stageInitramfs, stageInstance } from "../../../../server/vms/staging.ts";
import { cpio } from "./system_cpio.ts";

const host = denoHost({ log: () => {} });
const INSTANCE: Instance = {
  vm_id: "id",
  name: "one",
  token: "0123456789abcdef".repeat(4),
  listen: { hostname: "10.0.0.2", port: 8080 },
  daemon_url: "http://10.0.0.1:7778",
  environment: {},
  chrome: { args: [] },
};

async function inTempDir(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "viper-staging-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const size of [0, 1, 2, 3, 4, 5, 4095]) {
  Deno.test(`stageInitramfs() begins its archive at a multiple of 4 behind ${size} bytes`, () =>
    inTempDir(async (folder) => {
      const original = new Uint8Array(size).fill(7);
      await Deno.writeFile(`${folder}/image`, original);
      const staged = await stageInitramfs(host, folder, `${folder}/image`, INSTANCE);
      const bytes = await Deno.readFile(staged);
      const start = Math.ceil(size / 4) * 4;
      assert.deepEqual(bytes.subarray(0, size), original);
      assert.ok(bytes.subarray(size, start).every((byte) => byte === 0));
      assert.equal(new TextDecoder().decode(bytes.subarray(start, start + 6)), "070701");
      assert.equal((await Deno.stat(staged)).mode! & 0o777, 0o600);
      assert.deepEqual(await Deno.readFile(`${folder}/image`), original);

      await cpio(["-idm", "--quiet"], bytes.subarray(start), folder);
      const file = `${folder}/viper/instance.json`;
      assert.deepEqual(instance.parse(JSON.parse(await Deno.readTextFile(file))), INSTANCE);
      assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
      assert.equal((await Deno.stat(`${folder}/viper`)).mode! & 0o777, 0o700);
    }));
}

Deno.test("stageInitramfs() hides the copy of an image that anybody may read", () =>
  inTempDir(async (folder) => {
    await Deno.writeTextFile(`${folder}/image`, "x");
    await Deno.chmod(`${folder}/image`, 0o644);
    const staged = await stageInitramfs(host, folder, `${folder}/image`, INSTANCE);
    assert.equal((await Deno.stat(staged)).mode! & 0o777, 0o600);
  }));

Deno.test("stageInitramfs() gives flags and variables a line each, and none an empty file", () =>
  inTempDir(async (folder) => {
    const unpacked = async (change: Partial<Instance>) => {
      await Deno.writeTextFile(`${folder}/image`, "");
      const made = { ...INSTANCE, ...change };
      const staged = await stageInitramfs(host, folder, `${folder}/image`, made);
      await cpio(["-idmu", "--quiet"], await Deno.readFile(staged), folder);
      const file = (name: string) => Deno.readTextFile(`${folder}/viper/${name}`);
      assert.equal((await Deno.stat(`${folder}/viper/environment`)).mode! & 0o777, 0o600);
      return [await file("chrome_flags"), await file("environment")];
    };
    assert.deepEqual(await unpacked({}), ["", ""]);
    assert.deepEqual(
      await unpacked({
        environment: { TZ: "Europe/Berlin", A: "b=c d;'$(e)" },
        chrome: { args: ["--lang=de", "--user-agent=A b *"] },
      }),
      ["--lang=de\n--user-agent=A b *\n", "TZ=Europe/Berlin\nA=b=c d;'$(e)\n"],
    );
    const proxy = { server: "a:1", username: "u", password: "5ec2e7" };
    for (const chrome of [{ args: [], proxy }, { args: [], ca_certificates: ["PEM"] }]) {
      const seen = await unpacked({ environment: { A: "b" }, chrome });
      assert.deepEqual(seen, ["", "A=b\nVIPER_AGENT_CHROME_AHEAD=no\n"]);
    }
  }));

Deno.test("stageInstance() writes a file for its owner alone and keeps the profile beside it", () =>
  inTempDir(async (folder) => {
    const staged = await stageInstance(host, folder, INSTANCE);
    const chrome = { ...INSTANCE.chrome, user_data_dir: `${folder}/chrome` };
    assert.deepEqual(instance.parse(JSON.parse(await Deno.readTextFile(staged))), {
      ...INSTANCE,
      chrome,
    });
    assert.equal((await Deno.stat(staged)).mode! & 0o777, 0o600);
  }));
