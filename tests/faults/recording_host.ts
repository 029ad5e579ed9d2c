/** Hosts that see every labelled call before it is made: the seam that fault and golden tests use. */
import type { Files, Host, Label, Net } from "../../host/host.ts";

/** One labelled call: its purpose, and what was asked for in one line. */
export interface HostCall {
  readonly label: Label;
  /** The command, or the method and path, address or process number. */
  readonly detail: string;
}

/**
 * The same host, with `before` called ahead of every labelled call. What `before` throws the call
 * throws, and then nothing has happened.
 */
export function watchedHost(real: Host, before: (call: HostCall) => void): Host {
  return {
    ...real,
    run: async (label, argv, options) => {
      before({ label, detail: argv.join(" ") });
      return await real.run(label, argv, options);
    },
    spawn: async (label, argv, options) => {
      before({ label, detail: argv.join(" ") });
      return await real.spawn(label, argv, options);
    },
    signal: (label, pid, signal) => {
      before({ label, detail: `${signal} ${pid}` });
      return real.signal(label, pid, signal);
    },
    files: watchedFiles(real.files, before),
    net: watchedNet(real.net, before),
  };
}

/** A host that acts for real and remembers what it was asked. */
export function recordingHost(real: Host): Host & { readonly calls: HostCall[] } {
  const calls: HostCall[] = [];
  return { ...watchedHost(real, (call) => calls.push(call)), calls };
}

type Labelled = (label: Label, ...rest: unknown[]) => Promise<unknown>;

function watchedFiles(files: Files, before: (call: HostCall) => void): Files {
  const watched: Record<string, Labelled> = {};
  for (const [method, call] of Object.entries(files) as [string, Labelled][]) {
    watched[method] = async (label, ...rest) => {
      before({ label, detail: `${method} ${rest[0]}` });
      return await call(label, ...rest);
    };
  }
  return watched as unknown as Files;
}

function watchedNet(net: Net, before: (call: HostCall) => void): Net {
  return {
    reachDirectly: (hosts) => net.reachDirectly(hosts),
    connect: async (label, address, signal) => {
      before({ label, detail: `connect ${JSON.stringify(address)}` });
      return await net.connect(label, address, signal);
    },
    dial: async (label, address, signal) => {
      before({ label, detail: `dial ${JSON.stringify(address)}` });
      return await net.dial(label, address, signal);
    },
    accept: async (label, address, onStream) => {
      before({ label, detail: `accept ${JSON.stringify(address)}` });
      return await net.accept(label, address, onStream);
    },
    fetch: async (label, url, init) => {
      before({ label, detail: `fetch ${url}` });
      return await net.fetch(label, url, init);
    },
    openPool: (label, options) => {
      before({ label, detail: "openPool" });
      const pool = net.openPool(label, options);
      return {
        fetch: async (label, url, init) => {
          before({ label, detail: `fetch ${url}` });
          return await pool.fetch(label, url, init);
        },
        [Symbol.dispose]: () => pool[Symbol.dispose](),
      };
    },
    upgrade: (label, request, protocol) => {
      before({ label, detail: "upgrade" });
      return net.upgrade(label, request, protocol);
    },
    serve: async (label, address, handler) => {
      before({ label, detail: `serve ${JSON.stringify(address)}` });
      return await net.serve(label, address, handler);
    },
  };
}
