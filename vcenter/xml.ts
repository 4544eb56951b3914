/** Elements of the VIM API's answers by their names, whatever their prefixes and wherever they stand inside. */
import type { Element } from "@xmldom/xmldom";

export function findAll(within: Element | undefined, name: string): Element[] {
  return within === undefined ? [] : Array.from(within.getElementsByTagNameNS("*", name));
}

export function find(within: Element | undefined, name: string): Element | undefined {
  return findAll(within, name)[0];
}

export function textOf(element: Element | undefined): string | undefined {
  return element?.textContent ?? undefined;
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
