/**
 * What Cloud Hypervisor's API takes, as far as Viper uses it, and nothing beside: Cloud Hypervisor
 * itself ignores a key that is misspelt. Names and types are those of the published description,
 * vmm/src/api/openapi/cloud-hypervisor.yaml of version 53; where a copy of it is at hand,
 * `VIPER_CLOUD_HYPERVISOR_API` names it and requests are held against it as well.
 */
import { parse } from "yaml";
import * as z from "zod";

const size = z.int().nonnegative();
const vcpus = z.int().min(1);

const vmConfig = z.strictObject({
  cpus: z.strictObject({
    boot_vcpus: vcpus,
    max_vcpus: vcpus,
    nested: z.boolean().optional(),
  }).optional(),
  memory: z.strictObject({
    size,
    shared: z.boolean().optional(),
    thp: z.boolean().optional(),
  }).optional(),
  payload: z.strictObject({
    kernel: z.string().optional(),
    initramfs: z.string().optional(),
    cmdline: z.string().optional(),
  }),
  disks: z.array(z.strictObject({
    id: z.string().optional(),
    path: z.string().optional(),
    readonly: z.boolean().optional(),
    image_type: z.enum(["FixedVhd", "Qcow2", "Raw", "Vhdx", "Unknown"]).optional(),
  })).optional(),
  net: z.array(z.strictObject({
    id: z.string().optional(),
    tap: z.string().optional(),
    mac: z.string().optional(),
  })).optional(),
  rng: z.strictObject({ src: z.string() }).optional(),
  balloon: z.strictObject({
    size,
    deflate_on_oom: z.boolean().optional(),
    free_page_reporting: z.boolean().optional(),
  }).optional(),
  serial: z.strictObject({ mode: z.enum(["Off", "Pty", "Tty", "File", "Socket", "Null"]) })
    .optional(),
  console: z.strictObject({ mode: z.enum(["Off", "Pty", "Tty", "File", "Socket", "Null"]) })
    .optional(),
  pvpanic: z.boolean().optional(),
  landlock_enable: z.boolean().optional(),
  landlock_rules: z.array(z.strictObject({ path: z.string(), access: z.string() })).optional(),
});

const NO_BODY = z.undefined();

/** Method and path below `/api/v1/` → the body. */
const OPERATIONS: Readonly<Record<string, z.ZodType>> = {
  "GET vmm.ping": NO_BODY,
  "GET vm.info": NO_BODY,
  "PUT vm.create": vmConfig,
  "PUT vm.boot": NO_BODY,
  "PUT vm.pause": NO_BODY,
  "PUT vm.resume": NO_BODY,
  "PUT vm.power-button": NO_BODY,
  "PUT vm.shutdown": NO_BODY,
  "PUT vm.delete": NO_BODY,
  "PUT vmm.shutdown": NO_BODY,
};

/** Says what is wrong with a request; `null` when nothing is. */
export type RequestCheck = (operation: string, body: unknown) => string | null;

/** By the schemas above. */
export const checkRequest: RequestCheck = (operation, body) =>
  checkAgainst(OPERATIONS[operation], operation, body);

interface Description {
  readonly paths: Record<string, Record<string, OperationDescription>>;
  readonly components: { readonly schemas: Record<string, unknown> };
}

interface OperationDescription {
  readonly requestBody?: {
    readonly content: { readonly "application/json": { readonly schema: unknown } };
  };
}

/** By the published description, with every object closed. */
export function describedCheck(yaml: string): RequestCheck {
  const { paths, components } = closed(parse(yaml)) as Description;
  return (operation, body) => {
    const [method = "", path] = operation.split(" ");
    const described = paths[`/${path}`]?.[method.toLowerCase()];
    const schema = described?.requestBody?.content["application/json"].schema;
    return checkAgainst(
      described === undefined ? undefined : schema === undefined ? NO_BODY : z.fromJSONSchema(
        { ...schema, $defs: components.schemas } as z.core.JSONSchema.JSONSchema,
      ),
      operation,
      body,
    );
  };
}

function checkAgainst(
  schema: z.ZodType | undefined,
  operation: string,
  body: unknown,
): string | null {
  if (schema === undefined) return `there is no "${operation}"`;
  const { error } = schema.safeParse(body);
  return error === undefined
    ? null
    : `"${operation}" takes something else: ${z.prettifyError(error)}`;
}

/** OpenAPI's references as JSON Schema's, and no member that is not named. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== "object" || node === null) return node;
  const members = Object.entries(node).map(([name, value]) => [
    name,
    name === "$ref" ? String(value).replace("#/components/schemas/", "#/$defs/") : closed(value),
  ]);
  const result = Object.fromEntries(members);
  const isOpen = result.type === "object" && typeof result.properties === "object" &&
    result.additionalProperties === undefined;
  return isOpen ? { ...result, additionalProperties: false } : result;
}
