/** What the agent says of itself in `/healthz` and in its announce. */
export const AGENT_VERSION = "2.0.0";
