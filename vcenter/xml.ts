/** Elements of the VIM API's answers by their names, whatever their prefixes and wherever they stand inside. */
import type { Element } from "@xmldom/xmldom";

export function findAll(within: Element, name: string): Element[] {
  return Array.from(within.getElementsByTagNameNS("*", name));
}

export function find(within: Element, name: string): Element | undefined {
  return findAll(within, name)[0];
}

/** The text of an element, which may not be there. */
export function textOf(element: Element | undefined): string | undefined {
  return element?.textContent ?? undefined;
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
