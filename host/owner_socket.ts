/** Nobody but the owner: what a new socket must not allow. */
const SOCKET_UMASK = 0o177;

/** Makes a Unix socket within the call: at no time is it open to others. */
export function asOwner<Server>(listen: () => Server): Server {
  const before = Deno.umask(SOCKET_UMASK);
  try {
    return listen();
  } finally {
    Deno.umask(before);
  }
}
