/**
 * Goal: a form's fields, which stand in place of its members of the same name, mislead no action.
 * Method: a booking form with a field "children", as travel sites have them, and a real agent.
 */
import assert from "node:assert/strict";
import { serveSite, startAgent } from "./agent_fixture.ts";

const BOOKING = `<title>Booking</title>
<form><label>Adults <input name="adults"></label>
  <label>Kids FIELD</label>
  <div style="content-visibility: auto; height: 20px">Beds</div>
  <div style="margin-top: 3000px; content-visibility: auto"><p>Far below</p></div>
  <button type="button" onclick="document.title = 'Searched'">Search rooms</button>
</form>`;

for (const field of ['<input name="children">', '<select name="children"><option>0</select>']) {
  Deno.test(`a form with ${field} is searched and told like others`, async () => {
    await using agent = await startAgent();
    await using site = await serveSite({ "/": BOOKING.replace("FIELD", field) });
    const { client } = agent;
    await client.navigate({ url: `${site.url}/` });
    const told = await client.snapshot({ format: "text" });
    assert.match(("text" in told ? told.text : null) ?? "", /Far below/);
    assert.match((await client.markdown({})).markdown, /Far below/);
    await client.click({ text: "search rooms" });
    assert.equal((await client.evaluate({ expression: "document.title" })).result, "Searched");
  });
}
