/** Leases out of a real database, and the MACs that follow from them. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSubnet } from "../../../../server/network/subnet.ts";
import { Database } from "../../../../server/store/database.ts";
import { LeaseRows } from "../../../../server/store/lease_rows.ts";
import { VmRows } from "../../../../server/store/vm_rows.ts";
import { AddressPool, macAddress } from "../../../../server/vms/addresses.ts";
import { vmRow } from "../store/vm_row.ts";

Deno.test("AddressPool leases no address twice, nor the host's, in any sequence", () => {
  const step = fc.oneof(
    fc.constant({ kind: "create" as const }),
    fc.record({ kind: fc.constant("delete" as const), which: fc.nat(20) }),
  );
  const prefix = fc.constantFrom(30, 29, 28);
  fc.assert(
    fc.property(prefix, fc.nat(12), fc.array(step, { maxLength: 60 }), (length, at, steps) => {
      using db = Database.open(":memory:");
      const rows = new VmRows(db);
      const leases = new LeaseRows(db);
      const subnet = parseSubnet(`10.0.0.0/${length}`);
      const hosts = [...subnet.hosts()];
      const hostIp = hosts[at % hosts.length] ?? "";
      const pool = new AddressPool(subnet, hostIp, leases);
      const held = new Map<string, string>();
      let made = 0;
      for (const change of steps) {
        if (change.kind === "delete") {
          const id = [...held.keys()][change.which % Math.max(1, held.size)];
          if (id !== undefined) held.delete(id) && rows.remove(id);
        } else if (held.size === hosts.length - 1) {
          assert.throws(() => pool.pick(), { code: "addresses_exhausted" });
        } else {
          const free = hosts.filter((ip) => ip !== hostIp && ![...held.values()].includes(ip));
          const ip = pool.pick();
          assert.equal(ip, free[0], "not the lowest free address");
          const id = `vm-${made++}`;
          rows.insert(vmRow(id));
          pool.lease(ip, id, "2024-01-01T00:00:00.000Z");
          held.set(id, ip);
        }
        assert.deepEqual(leases.addresses().sort(), [...held.values()].sort());
      }
    }),
    { numRuns: 60 },
  );
});

Deno.test("AddressPool.pick() quotes the subnet that is exhausted", () => {
  using db = Database.open(":memory:");
  const pool = new AddressPool(parseSubnet("10.0.0.0/30"), "10.0.0.1", new LeaseRows(db));
  assert.equal(pool.pick(), "10.0.0.2");
  new VmRows(db).insert(vmRow("one"));
  pool.lease("10.0.0.2", "one", "2024-01-01T00:00:00.000Z");
  assert.throws(() => pool.pick(), { code: "addresses_exhausted", message: /10\.0\.0\.0\/30/ });
});

Deno.test("macAddress() is 02 and five bytes of sha1sum of name|ip", () => {
  // printf 'one|10.0.0.2' | sha1sum
  assert.equal(macAddress("one", "10.0.0.2"), "02:a5:42:aa:0e:43");
});

Deno.test("macAddress() is locally administered, unicast and well-formed for any name", () => {
  fc.assert(fc.property(fc.string(), fc.ipV4(), (name, ip) => {
    assert.match(macAddress(name, ip), /^02(:[0-9a-f]{2}){5}$/);
  }));
});
