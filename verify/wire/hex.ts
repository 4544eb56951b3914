/** Octets in hexadecimal, as probes/wire.py takes and tells them. */
export function hex(value: number | bigint, octets: number): string {
  return value.toString(16).padStart(octets * 2, "0");
}

export function hexText(text: string): string {
  return Buffer.from(text, "latin1").toString("hex");
}

export function octetsOf(digits: string): number {
  return digits.length / 2;
}

/** An IPv6 address out of a packet's hexadecimal digits, in groups. */
export function hexAddress(digits: string): string {
  return digits.replaceAll(/.{4}(?!$)/g, "$&:");
}
