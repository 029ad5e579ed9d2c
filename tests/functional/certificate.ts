/** Certificates for daemons that speak TLS. */
import assert from "node:assert/strict";

/** A certificate of its own for 127.0.0.1; `null` where there is no openssl. */
export async function makeCertificate(
  folder: string,
): Promise<{ cert: string; key: string } | null> {
  const [cert, key] = [`${folder}/cert.pem`, `${folder}/key.pem`];
  const args = [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
    ...["-days", "2", "-subj", "/CN=viper", "-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", key, "-out", cert],
  ];
  try {
    const { success, stderr } = await new Deno.Command("openssl", { args }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return { cert, key };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** An authority of the test's own, and what it has signed for `localhost`; all are PEM. */
export interface Authority {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes one in the folder; `null` where there is no openssl. */
export async function makeAuthority(folder: string): Promise<Authority | null> {
  const file = (name: string) => `${folder}/${name}`;
  const commands = [
    [
      ...["req", "-x509", ...NEW_KEY, "-days", "2", "-subj", "/CN=Viper test authority"],
      ...["-addext", "basicConstraints=critical,CA:TRUE"],
      ...["-keyout", file("ca.key"), "-out", file("ca.pem")],
    ],
    [
      ...["req", ...NEW_KEY, "-subj", "/CN=localhost"],
      ...["-keyout", file("site.key"), "-out", file("site.csr")],
    ],
    [
      ...["x509", "-req", "-in", file("site.csr"), "-days", "2", "-extfile", file("names")],
      ...["-CA", file("ca.pem"), "-CAkey", file("ca.key"), "-CAcreateserial"],
      ...["-out", file("site.pem")],
    ],
  ];
  await Deno.writeTextFile(file("names"), "subjectAltName=DNS:localhost,IP:192.168.127.1\n");
  try {
    for (const args of commands) {
      const { success, stderr } = await new Deno.Command("openssl", { args }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const [ca = "", cert = "", key = ""] = await Promise.all(
    ["ca.pem", "site.pem", "site.key"].map((name) => Deno.readTextFile(file(name))),
  );
  return { ca, cert, key };
}
