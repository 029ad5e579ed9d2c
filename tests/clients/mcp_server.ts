/** MCP servers of npm packages, as programs, and a client that speaks to them. */
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import settings from "../../deno.json" with { type: "json" };

/** A server that has been greeted; it ends when it is disposed. */
export interface McpServer extends AsyncDisposable {
  /** Calls a tool and returns the text of its answer, which must not be an error. */
  call(tool: string, input: Record<string, unknown>): Promise<string>;
}

/** Runs the program of a package that deno.json pins, and speaks to it over its standard streams. */
export async function startMcpServer(
  name: "@playwright/mcp" | "chrome-devtools-mcp",
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<McpServer> {
  // Such programs look for their parts in a folder node_modules, as npm makes it.
  const folder = await Deno.makeTempDir({ prefix: "viper-mcp-" });
  await Deno.writeTextFile(`${folder}/deno.json`, '{ "nodeModulesDir": "auto" }');
  const { PATH = "", HOME = "" } = Deno.env.toObject();
  const transport = new StdioClientTransport({
    command: Deno.execPath(),
    args: ["run", "-A", "--quiet", settings.imports[name], ...args],
    env: { PATH, HOME, ...env },
    cwd: folder,
    stderr: "ignore",
  });
  const client = new Client({ name: "viper-test", version: "1" });
  await client.connect(transport);
  return {
    call: async (tool, input) => {
      const { content, isError } = await client.callTool({ name: tool, arguments: input });
      const text = content.map((part) => part.type === "text" ? part.text : "").join("\n");
      assert.ok(isError !== true, `${tool}: ${text}`);
      return text;
    },
    [Symbol.asyncDispose]: async () => {
      await client.close();
      await Deno.remove(folder, { recursive: true });
    },
  };
}
