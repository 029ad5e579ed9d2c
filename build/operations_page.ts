/**
 * `docs/operations.md` out of the lists of operations. Started as a program it writes the page;
 * a style test compares the page with what this would write.
 *
 * @module
 */
import * as z from "zod";
import { type BytesView, type Operation, roleOf } from "../protocol/operation.ts";
import * as lists from "../protocol/operations.ts";
import { PROBLEMS } from "../protocol/problem_codes.ts";
import { answerTable, inputTable } from "./member_table.ts";

/** The page, relative to the project's folder. */
export const OPERATIONS_PAGE = "docs/operations.md";

interface Group {
  readonly title: string;
  readonly text: string;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly prefix?: string;
}

const GROUPS: readonly Group[] = [
  {
    title: "VMs",
    text: "Served by the daemon. Command: `viper vms`.",
    operations: lists.vmOperations,
  },
  {
    title: "Logs",
    text: "Served by the daemon. Commands: `viper vms logs` and `viper vms console`.",
    operations: lists.logOperations,
  },
  {
    title: "System",
    text: "Served by the daemon. Command: `viper system`.",
    operations: lists.systemOperations,
  },
  {
    title: "API keys",
    text: "Served by the daemon. Command: `viper keys`.",
    operations: lists.keyOperations,
  },
  {
    title: "Profiles",
    text: "Served by the daemon. Command: `viper profiles`.",
    operations: lists.profileOperations,
  },
  {
    title: "Tickets",
    text: "Served by the daemon. Command: `viper tickets`.",
    operations: lists.ticketOperations,
  },
  {
    title: "Audit",
    text: "Served by the daemon. Command: `viper audit`.",
    operations: lists.auditOperations,
  },
  {
    title: "Quick actions",
    text:
      "Served by the daemon: it creates a VM, opens the page, acts and deletes the VM, whatever " +
      "happens. Commands: `viper screenshot`, `viper pdf`, `viper content`, `viper markdown` and " +
      "`viper scrape`.",
    operations: lists.quickOperations,
  },
  {
    title: "A VM's browser",
    text:
      "Served by the daemon, which passes them on to the VM's agent. Command: `viper browser`. " +
      "Actions on one VM run one after another.",
    operations: lists.browserOperations,
    prefix: lists.AGENT_PREFIX,
  },
];

const INTRODUCTION = `# Operations

Written by \`build/operations_page.ts\` from \`protocol/\`; do not edit by hand.

GET and DELETE take their input as a query, POST as a JSON object with the media type
\`application/json\`. Members in a path's braces come from the path. Unknown members are refused. Any
request may also meet \`invalid_json\`, \`invalid_request\`, \`unsupported_media_type\`,
\`body_too_large\`, \`route_not_found\`, \`method_not_allowed\`, \`unauthorized\`, \`forbidden\`,
\`forbidden_origin\`, \`forbidden_peer\`, \`too_many_failures\` or \`internal\`; a browser's operation also \`vm_not_found\`, \`vm_not_running\`, \`agent_unreachable\`
or \`agent_timeout\`.

Beside these the daemon serves \`GET /api/v1/events/vms\`, a stream of server-sent events, and
\`/ws/v1/vms/{name}/logs\`, a WebSocket that tells lines of logs (\`tail\` and \`stream\` in its query),
and passes any other request below a VM's \`agent/\` on as it is; the stream needs the role viewer, what is
passed on the role operator. So it does with \`GET …/agent/v1/browser/follow\`, a stream of
server-sent events \`console\`, \`error\`, \`request\` and \`gap\` of one page (\`page\` and \`last_event_id\` in
its query). An operation's role stands behind its route; \`GET /healthz\` needs no
key on the daemon's own machine.
`;

/** The page's text, formatted as \`deno fmt\` would. */
export async function operationsPage(): Promise<string> {
  const answers = new Map<string, string>();
  const groups = GROUPS.map((group) =>
    [
      `## ${group.title}\n\n${group.text}\n`,
      ...Object.values(group.operations).map((operation) =>
        section(operation, group.prefix ?? "", answers)
      ),
    ].join("\n")
  );
  return await formatted([INTRODUCTION, ...groups, problems()].join("\n"));
}

/** `answers` knows the operation that was the first to answer something. */
function section(operation: Operation, prefix: string, answers: Map<string, string>): string {
  const { name, summary, http, bytes, errors } = operation;
  const route = `\`${http.method} ${prefix}${http.path}\` → ${http.status}`;
  const head = `### ${name}\n\n${route}, role ${roleOf(operation)}\n\n`;
  const codes = errors.map((code) => `\`${code}\``).join(", ") || "none of its own";
  const types = bytes === undefined ? [] : mediaTypes(bytes).map((type) => `\`${type}\``);
  const asBytes = types.length === 0
    ? ""
    : `The bytes alone by \`Accept\`: ${types.join(", ")}.\n\n`;
  const tables = `${inputTable(operation)}\n${answer(operation, answers)}\n`;
  return `${head}${summary}.\n\n${tables}${asBytes}Problems: ${codes}.\n`;
}

/** What an operation answers, or which one answers the same. */
function answer(operation: Operation, answers: Map<string, string>): string {
  const rows = answerTable(operation);
  const first = answers.get(rows);
  const isList = operation.output instanceof z.ZodArray;
  if (first !== undefined) {
    return `Answers ${isList ? "a list of what" : "what"} \`${first}\` answers.\n`;
  }
  if (rows !== "") answers.set(rows, operation.name);
  return isList ? `Answers a list; in it:\n\n${rows}` : rows;
}

function mediaTypes({ mediaType }: BytesView): string[] {
  return typeof mediaType === "string" ? [mediaType] : Object.values(mediaType);
}

function problems(): string {
  const rows = Object.entries(PROBLEMS).map(([code, { status, title }]) =>
    `| \`${code}\` | ${status} | ${title} |`
  );
  return ["## Problems", "", "| code | status | title |", "| - | - | - |", ...rows, ""].join("\n");
}

async function formatted(markdown: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", "--ext", "md", "--line-width", "100", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [text] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(markdown).body?.pipeTo(child.stdin),
    child.status,
  ]);
  return text;
}

if (import.meta.main) {
  await Deno.writeTextFile(
    new URL(`../${OPERATIONS_PAGE}`, import.meta.url),
    await operationsPage(),
  );
}
