import assert from "node:assert/strict";
import { QemuEnd } from "../../../../server/runtimes/qemu_end.ts";
import type { QmpEvent } from "../../../../server/runtimes/qmp.ts";

const shutdown = (reason: string): QmpEvent => ({
  event: "SHUTDOWN",
  data: { guest: true, reason },
});

Deno.test("QemuEnd takes the first word on the end, the guest's or the daemon's", () => {
  const ask = null;
  const table: [(QmpEvent | typeof ask)[], string][] = [
    [[], "process_exit"],
    [[{ event: "RESUME" }, shutdown("guest-shutdown")], "guest_poweroff"],
    [[shutdown("guest-reset")], "guest_reset"],
    [
      [{ event: "GUEST_PANICKED", data: { action: "poweroff" } }, shutdown("guest-panic")],
      "guest_panic",
    ],
    [[{ event: "GUEST_PANICKED" }, shutdown("guest-reset")], "guest_panic"],
    [[ask, shutdown("host-qmp-quit")], "requested"],
    [[shutdown("guest-shutdown"), ask], "guest_poweroff"],
    [[shutdown("host-signal")], "process_exit"],
    [[{ event: "SHUTDOWN" }], "process_exit"],
    [[shutdown("constructor")], "process_exit"],
  ];
  for (const [words, expected] of table) {
    const end = new QemuEnd();
    for (const word of words) word === ask ? end.request() : end.note(word);
    assert.equal(end.cause, expected, JSON.stringify(words));
  }
});
