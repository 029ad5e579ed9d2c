/**
 * Guests without a machine, for tests of the network: a namespace whose card is tied to a VM's
 * real tap, frame by frame, so that what the kernel does on taps is what is tested.
 */
import assert from "node:assert/strict";
import { until } from "./until.ts";

/** A network namespace, kept by a process that waits in it. */
export interface Namespace extends AsyncDisposable {
  readonly pid: number;
  /** Runs a command inside and gives its output. */
  run(...argv: string[]): Promise<string>;
  /** Starts a command inside, which ends with the test. */
  start(...argv: string[]): AsyncDisposable;
}

/** A namespace with loopback and nothing else. */
export async function openNamespace(): Promise<Namespace> {
  const process = new Deno.Command("unshare", { args: ["--net", "sleep", "600"] }).spawn();
  const own = await Deno.readLink("/proc/self/ns/net");
  await until("a namespace", async () => await namespaceOf(process.pid) !== own);
  const enter = ["nsenter", "--target", String(process.pid), "--net"] as const;
  await output(...enter, "ip", "link", "set", "dev", "lo", "up");
  return {
    pid: process.pid,
    run: (...argv) => output(...enter, ...argv),
    start: (...argv) => {
      const [program, ...args] = [...enter, ...argv];
      return endedLater(new Deno.Command(program, { args }).spawn());
    },
    ...endedLater(process),
  };
}

function endedLater(process: Deno.ChildProcess): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGKILL");
      await process.status;
    },
  };
}

async function namespaceOf(pid: number): Promise<string> {
  return await Deno.readLink(`/proc/${pid}/ns/net`);
}

/** Runs a command and gives its output; any exit code but 0 fails the test. */
export async function output(...argv: string[]): Promise<string> {
  const [program = "", ...args] = argv;
  const { success, stdout, stderr } = await new Deno.Command(program, { args }).output();
  assert.ok(success, `${argv.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

const LIBC = {
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  ioctl: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  setns: { parameters: ["i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true },
} as const;

const O_RDONLY = 0;
const O_RDWR_NONBLOCK = 0o4002;
/** TUNSETIFF, IFF_TAP | IFF_NO_PI and struct ifreq's size; see linux/if_tun.h. */
const TUNSETIFF = 0x4004_54ca;
const TAP_WITHOUT_HEADER = 0x1002;
const IFREQ_BYTES = 40;
const CLONE_NEWNET = 0x4000_0000;
const POLLIN = 1;
const FRAME_BYTES_MAX = 70_000;
/** After this long a cable looks whether it is to end. */
const POLL_MS = 20;

/** Both ends of a guest's card, with all frames carried between them. */
export interface Cable extends AsyncDisposable {
  /** Sends a frame as if the guest had. */
  send(frame: Uint8Array<ArrayBuffer>): void;
}

/** Ties the tap of that name, here, to a new card `eth0` in the namespace. */
export function openCable(tap: string, guest: Namespace): Cable {
  const libc = Deno.dlopen("libc.so.6", LIBC);
  const { open, close, ioctl, setns, read, write, poll } = libc.symbols;
  const text = (value: string) => new TextEncoder().encode(`${value}\0`);
  const openTap = (name: string): number => {
    const fd = open(text("/dev/net/tun"), O_RDWR_NONBLOCK);
    const request = new Uint8Array(IFREQ_BYTES);
    request.set(text(name));
    new DataView(request.buffer).setUint16(16, TAP_WITHOUT_HEADER, true);
    assert.equal(ioctl(fd, BigInt(TUNSETIFF), request), 0, `cannot open the tap ${name}`);
    return fd;
  };
  const here = open(text("/proc/thread-self/ns/net"), O_RDONLY);
  const there = open(text(`/proc/${guest.pid}/ns/net`), O_RDONLY);
  const outer = openTap(tap);
  // Without a wait in between: what else this thread does happens in its own namespace.
  assert.equal(setns(there, CLONE_NEWNET), 0);
  const inner = openTap("eth0");
  assert.equal(setns(here, CLONE_NEWNET), 0);
  close(here);
  close(there);

  let isOpen = true;
  const frame = new Uint8Array(FRAME_BYTES_MAX);
  const carry = (from: number, to: number) => {
    for (;;) {
      const length = Number(read(from, frame, BigInt(frame.length)));
      if (length <= 0) return;
      write(to, frame, BigInt(length));
    }
  };
  const carried = (async () => {
    const waiting = new DataView(new ArrayBuffer(16));
    for (const [at, fd] of [outer, inner].entries()) {
      waiting.setInt32(8 * at, fd, true);
      waiting.setInt16(8 * at + 4, POLLIN, true);
    }
    while (isOpen) {
      await poll(new Uint8Array(waiting.buffer), 2n, POLL_MS);
      carry(outer, inner);
      carry(inner, outer);
    }
  })();
  return {
    send: (bytes) => {
      assert.equal(Number(write(outer, bytes, BigInt(bytes.length))), bytes.length);
    },
    [Symbol.asyncDispose]: async () => {
      isOpen = false;
      await carried;
      close(outer);
      close(inner);
      libc.close();
    },
  };
}
