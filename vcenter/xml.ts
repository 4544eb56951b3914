/** Elements of the VIM API's answers by their names, whatever their prefixes and wherever they stand inside. */
import { type Element, XMLSerializer } from "@xmldom/xmldom";

export function findAll(within: Element | undefined, name: string): Element[] {
  return within === undefined ? [] : Array.from(within.getElementsByTagNameNS("*", name));
}

export function find(within: Element | undefined, name: string): Element | undefined {
  return findAll(within, name)[0];
}

export function textOf(element: Element | undefined): string | undefined {
  return element?.textContent ?? undefined;
}

/** The type that an element says it has (XML Schema part 1 section 2.6.1). */
export function typeOf(element: Element): string {
  return element.getAttributeNS("http://www.w3.org/2001/XMLSchema-instance", "type") ?? "";
}

/** The element as it came; empty for none. */
export function outerXml(element: Element | undefined): string {
  return element === undefined ? "" : new XMLSerializer().serializeToString(element);
}

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
