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
