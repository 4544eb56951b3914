/** As much XML as the VIM API's answers need: elements whose names do not nest in themselves where they are looked for. */

/** The contents of every element of this name, whatever its prefix and attributes. */
export function findAll(xml: string, name: string): string[] {
  const elements = new RegExp(`<(?:\\w+:)?${name}(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</(?:\\w+:)?${name}>)`, "g");
  return [...xml.matchAll(elements)].map((match) => match[1] ?? "");
}

export function find(xml: string, name: string): string | undefined {
  return findAll(xml, name)[0];
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

const entities: Readonly<Partial<Record<string, string>>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export function unescapeXml(text: string): string {
  return text.replaceAll(/&(#x?)?(\w+);/g, (whole, numeric: string | undefined, word: string) => {
    if (numeric === undefined) return entities[word] ?? whole;
    return String.fromCodePoint(parseInt(word, numeric === "#x" ? 16 : 10));
  });
}
