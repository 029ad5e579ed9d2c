/** A server of the Model Context Protocol as a child process, and a client that speaks to it. */
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

/** A call that navigates to the longest page of all takes seconds. */
const CALL_TIMEOUT_MS = 120_000;

/** A server that has been greeted; it ends when it is disposed. */
export interface McpProcess extends AsyncDisposable {
  /** Calls a tool and tells its answer's text. */
  call(tool: string, input: Record<string, unknown>): Promise<string>;
}

/** Starts the command, which speaks over its standard streams and may write files to the folder. */
export async function startMcp(
  [command = "", ...args]: readonly string[],
  cwd: string,
): Promise<McpProcess> {
  const { PATH = "", HOME = "" } = Deno.env.toObject();
  const client = new Client({ name: "viper-bench", version: "1" });
  const env = { PATH, HOME };
  await client.connect(new StdioClientTransport({ command, args, env, cwd, stderr: "ignore" }));
  return {
    call: async (name, input) => {
      const called = client.callTool({ name, arguments: input }, { timeout: CALL_TIMEOUT_MS });
      const { content, isError } = await called;
      const text = content.map((part) => part.type === "text" ? part.text : "").join("\n");
      if (isError === true) throw new Error(`${name} failed: ${text.slice(0, 1_000)}`);
      return text;
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
}
