/// <reference lib="dom" />
/**
 * Values that IndexedDB holds, as JSON and back: what the structured clone algorithm knows and JSON
 * does not is an object with one telling member, such as `{"date": 0}`. A value that stands in two
 * places, or in itself, is `{"ref": n}` where it comes again: the nth object that was met.
 * https://html.spec.whatwg.org/multipage/structured-data.html#structuredserializeinternal
 *
 * The functions run in the page, each with the others beside it.
 *
 * @module
 */

/** What one value's encoding keeps in mind. */
export interface EncodeRun {
  readonly seen: Map<object, number>;
  /** Blobs are read when the transaction is over. */
  readonly pending: Promise<void>[];
  /** Bytes of JSON, about; too many are an error. */
  room: number;
}

/** @throws {TypeError} on what cannot be taken along, {RangeError} when there is no room left */
export function encodeClone(value: unknown, run: EncodeRun): unknown {
  run.room -= typeof value === "string" ? value.length + 8 : 16;
  if (run.room < 0) throw new RangeError("it is too large");
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (value === undefined) return { undefined: true };
  if (typeof value === "bigint") return { bigint: String(value) };
  if (typeof value === "number") {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value;
    return { number: Object.is(value, -0) ? "-0" : String(value) };
  }
  if (typeof value !== "object") throw new TypeError(`a ${typeof value} cannot be taken along`);
  const known = run.seen.get(value);
  if (known !== undefined) return { ref: known };
  run.seen.set(value, run.seen.size);
  return encodeBytes(value, run) ?? encodeObject(value, run);
}

/** What is, or holds, bytes. */
export function encodeBytes(value: object, run: EncodeRun): unknown {
  const base64 = (buffer: ArrayBuffer) => new Uint8Array(buffer).toBase64();
  const take = (bytes: number) => {
    run.room -= Math.ceil(bytes * 4 / 3);
    if (run.room < 0) throw new RangeError("it is too large");
  };
  if (value instanceof ArrayBuffer) {
    take(value.byteLength);
    return { buffer: base64(value) };
  }
  if (ArrayBuffer.isView(value)) {
    const length = "length" in value ? Number(value.length) : value.byteLength;
    const view = Object.prototype.toString.call(value).slice(8, -1);
    return { view, offset: value.byteOffset, length, of: encodeClone(value.buffer, run) };
  }
  if (!(value instanceof Blob)) return null;
  take(value.size);
  const told = { blob: "", type: value.type };
  run.pending.push(value.arrayBuffer().then((buffer) => void (told.blob = base64(buffer))));
  if (value instanceof File) {
    Object.assign(told, { name: value.name, modified: value.lastModified });
  }
  return told;
}

/** What holds other values, and the rest. */
export function encodeObject(value: object, run: EncodeRun): unknown {
  const encode = (inner: unknown) => encodeClone(inner, run);
  if (Array.isArray(value)) {
    const array = [];
    for (let at = 0; at < value.length; at++) {
      if (!(at in value)) run.room -= 16;
      array.push(at in value ? encode(value[at]) : { hole: true });
    }
    return { array };
  }
  if (value instanceof Date) {
    return { date: Number.isNaN(value.getTime()) ? null : value.getTime() };
  }
  if (value instanceof RegExp) return { regexp: [value.source, value.flags] };
  if (value instanceof Map) return { map: [...value].map((pair) => pair.map(encode)) };
  if (value instanceof Set) return { set: [...value].map(encode) };
  if (value instanceof Error) {
    return { error: value.name, message: value.message, stack: value.stack ?? "" };
  }
  if (value instanceof Boolean || value instanceof Number || value instanceof String) {
    return { boxed: encode(value.valueOf()) };
  }
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  if (kind === "BigInt") return { boxed: encode(BigInt.prototype.valueOf.call(value)) };
  if (kind !== "Object") throw new TypeError(`a ${kind} cannot be taken along`);
  return {
    object: Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        run.room -= key.length;
        return [key, encode(inner)];
      }),
    ),
  };
}

/** A value that JSON has no words for; its kind is the member that is there. */
interface Told {
  readonly ref?: number;
  readonly undefined?: true;
  readonly bigint?: string;
  readonly number?: string;
  readonly object?: Readonly<Record<string, unknown>>;
  readonly array?: readonly unknown[];
  readonly map?: readonly (readonly [unknown, unknown])[];
  readonly set?: readonly unknown[];
  readonly date?: number | null;
  readonly regexp?: readonly [source: string, flags: string];
  readonly boxed?: unknown;
  readonly buffer?: string;
  readonly view?: string;
  readonly offset?: number;
  readonly length?: number;
  readonly of?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly stack?: string;
  readonly blob?: string;
  readonly type?: string;
  readonly name?: string;
  readonly modified?: number;
}

/** `made` is empty at first, and holds every object that was met then. */
export function decodeClone(value: unknown, made: unknown[]): unknown {
  if (value === null || typeof value !== "object") return value;
  const told: Told = value;
  if (told.ref !== undefined) return made[told.ref];
  if (told.undefined !== undefined) return undefined;
  if (told.bigint !== undefined) return BigInt(told.bigint);
  if (told.number !== undefined) return Number(told.number);
  const decode = (inner: unknown) => decodeClone(inner, made);
  const place = made.push(undefined) - 1;
  const keep = <Made>(object: Made): Made => (made[place] = object) as Made;
  if (told.object !== undefined) {
    const object = keep({});
    for (const [key, inner] of Object.entries(told.object)) {
      // Not set: a key may be __proto__.
      const members = { writable: true, enumerable: true, configurable: true };
      Object.defineProperty(object, key, { value: decode(inner), ...members });
    }
    return object;
  }
  if (told.array !== undefined) {
    const array = keep<unknown[]>(new Array(told.array.length));
    for (const [at, inner] of told.array.entries()) {
      const isHole = inner !== null && typeof inner === "object" && "hole" in inner;
      if (!isHole) array[at] = decode(inner);
    }
    return array;
  }
  if (told.map !== undefined) {
    const map = keep(new Map());
    for (const [key, inner] of told.map) map.set(decode(key), decode(inner));
    return map;
  }
  if (told.set !== undefined) {
    const set = keep(new Set());
    for (const inner of told.set) set.add(decode(inner));
    return set;
  }
  return keep(decodeLeaf(told, decode));
}

/** What holds no other value, or one alone. */
export function decodeLeaf(told: Told, decode: (inner: unknown) => unknown): unknown {
  if (told.date !== undefined) return new Date(told.date ?? NaN);
  if (told.regexp !== undefined) return new RegExp(...told.regexp);
  if (told.boxed !== undefined) return Object(decode(told.boxed));
  if (told.buffer !== undefined) return Uint8Array.fromBase64(told.buffer).buffer;
  if (told.view !== undefined) {
    const View = Reflect.get(globalThis, told.view);
    return new View(decode(told.of), told.offset, told.length);
  }
  if (told.error !== undefined) {
    const Kind = Reflect.get(globalThis, told.error) ?? Error;
    return Object.assign(new Kind(told.message), { stack: told.stack });
  }
  if (told.blob === undefined) throw new TypeError("there is a value of no known kind");
  const { type = "", name, modified: lastModified = 0 } = told;
  const bytes = Uint8Array.fromBase64(told.blob);
  if (name === undefined) return new Blob([bytes], { type });
  return new File([bytes], name, { type, lastModified });
}
