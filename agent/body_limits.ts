/** How many bytes of bodies Chrome keeps for us, so that they can be read afterwards. */

/** Bytes of all bodies of a target … */
export const BODIES_BYTES_MAX = 32 * 1024 * 1024;
/** … and of one body. */
export const BODY_BYTES_MAX = 8 * 1024 * 1024;

const METHOD = "Network.enable";
const LIMITS = { maxTotalBufferSize: BODIES_BYTES_MAX, maxResourceBufferSize: BODY_BYTES_MAX };

/**
 * A command, with the limits if it lets requests be told and says none. Puppeteer sends it, too, more
 * than once for each target, and the last one decides.
 */
export function withBodyLimits(message: string): string {
  if (!message.includes(`"${METHOD}"`)) return message;
  const command = JSON.parse(message);
  if (command.method !== METHOD) return message;
  return JSON.stringify({ ...command, params: { ...LIMITS, ...command.params } });
}
