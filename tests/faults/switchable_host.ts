import type { Host } from "../../host/host.ts";

/** A host that can be exchanged while what was opened with it lives on. */
export function switchableHost(first: Host): { host: Host; use: (host: Host) => void } {
  let current = first;
  const through = <Part extends object>(part: (host: Host) => Part): Part =>
    new Proxy(part(first), { get: (_target, name) => Reflect.get(part(current), name) });
  const parts: Partial<Record<string | symbol, object>> = {
    files: through((host) => host.files),
    net: through((host) => host.net),
  };
  const get = (_target: Host, name: string | symbol) => parts[name] ?? Reflect.get(current, name);
  return { host: new Proxy(first, { get }), use: (next) => current = next };
}
