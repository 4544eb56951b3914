/**
 * The picture of a lab as SVG: the internet, the gateway, its networks and who is on them. It brings its own style, for
 * light and dark, so that it stands alone as well as in a page.
 */
import { markup, Markup } from "./markup";
import type { Topology, TopologyNetwork } from "./topology";

/** `wide`: from left to right. `narrow`: from top to bottom, for a telephone or a column of text. */
export type Shape = "wide" | "narrow";

/** What is known of a network beside what it is; the colour of its box. */
export interface NetworkMark {
  readonly state: "good" | "bad" | "warn" | "unknown";
  readonly words: string;
  /** Where in the page more is told of it. */
  readonly href?: string;
}

export interface DrawingOptions {
  readonly shape?: Shape;
  /** By the network's name. */
  readonly marks?: ReadonlyMap<string, NetworkMark>;
}

export function topologySvg(topology: Topology, { shape = "wide", marks = new Map() }: DrawingOptions = {}): Markup {
  const { width, height, content } = shape === "wide" ? drawnWide(topology, marks) : drawnNarrow(topology, marks);
  const { lab, networks } = topology;
  const title = `The lab ${lab}: the internet, the gateway, ${networks.length === 1 ? "a network" : `${networks.length} networks`} and the clients`;
  return markup`<svg xmlns="http://www.w3.org/2000/svg" class="topology ${shape}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}"><title>${title}</title><style>${style}</style>${content}</svg>`;
}

/** None of it comes from a lab. */
const style = new Markup(`
.topology{--t-ink:#1c2733;--t-soft:#5b6b7b;--t-line:#8a99a8;--t-box:#fff;--t-fill:#eef3f8;--t-chip:#dfe8f1;--t-good:#1a7f37;--t-bad:#b42318;--t-warn:#8a6100;color:var(--t-ink);font:13px system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif;max-width:100%;height:auto}
@media(prefers-color-scheme:dark){.topology{--t-ink:#e4ebf2;--t-soft:#9fb0c0;--t-line:#637587;--t-box:#18212b;--t-fill:#1f2b37;--t-chip:#2b3a49;--t-good:#4ac26b;--t-bad:#ff8078;--t-warn:#e0b04a}}
.topology text{fill:var(--t-ink)}
.topology .soft{fill:var(--t-soft);font-size:12px}
.topology .name{font-weight:600}
.topology .box{fill:var(--t-box);stroke:var(--t-line);stroke-width:1.5}
.topology .filled{fill:var(--t-fill)}
.topology .chip{fill:var(--t-chip)}
.topology .line{stroke:var(--t-line);stroke-width:1.5;fill:none}
.topology .good{stroke:var(--t-good)}
.topology .bad{stroke:var(--t-bad)}
.topology .warn{stroke:var(--t-warn)}
.topology text.good{fill:var(--t-good);stroke:none}
.topology text.bad{fill:var(--t-bad);stroke:none}
.topology text.warn{fill:var(--t-warn);stroke:none}
.topology a{text-decoration:none}
`);

interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly content: Markup;
}

type Marks = ReadonlyMap<string, NetworkMark>;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** Distances in pixels: between lines of text, inside of a box, between boxes. */
const line = 18;
const inside = 12;
const gap = 16;
const chip = { height: 24, gap: 6 };
/** A lab may have thousands of clients. */
const mostChips = { wide: 6, narrow: 8 };

function drawnWide(topology: Topology, marks: Marks): Drawing {
  const [internet, gateway, network, clients] = [
    { x: 1, width: 168 },
    { x: 225, width: 190 },
    { x: 475, width: 330 },
    { x: 840, width: 119 },
  ];
  const rows = topology.networks.map((each) => {
    const box = boxHeight(networkLines(each, marks, network.width));
    const names = chipNames(each.clients, mostChips.wide);
    return { each, names, box, height: Math.max(box, chipsHeight(names.length)) };
  });
  const starts = rows.map((_, index) => 1 + rows.slice(0, index).reduce((sum, { height }) => sum + height + gap, 0));
  const total = rows.reduce((sum, { height }) => sum + height + gap, 0) - gap;
  const gatewayText = gatewayLines(topology, gateway.width);
  const internetText = internetLines(topology, internet.width);
  const height = Math.max(total, boxHeight(gatewayText), boxHeight(internetText));
  const middle = 1 + height / 2;
  const internetHeight = boxHeight(internetText);
  const drawn = rows.map(({ each, names, box, height: row }, index) => {
    const y = (starts[index] ?? 0) + (rows.length === 1 ? (height - row) / 2 : 0);
    const centre = y + row / 2;
    const chips = names.map((name, at) => {
      const top = centre - chipsHeight(names.length) / 2 + at * (chip.height + chip.gap);
      return [
        markup`<path class="line" d="M${network.x + network.width} ${centre}H${clients.x - 17}V${top + chip.height / 2}H${clients.x}"/>`,
        chipBox({ ...clients, y: top }, name),
      ];
    });
    return [
      markup`<path class="line" d="M${gateway.x + gateway.width} ${centre}H${network.x}"/>`,
      networkBox({ ...network, y: centre - box / 2 }, each, marks),
      chips,
    ];
  });
  return {
    width: 960,
    height: height + 2,
    content: markup`<path class="line" d="M${internet.x + internet.width} ${middle}H${gateway.x}"/>${textBox(
      { ...internet, y: middle - internetHeight / 2 },
      internetText,
      { corner: internetHeight / 2, centred: true },
    )}${textBox({ ...gateway, y: 1 }, gatewayText, { height })}${drawn}`,
  };
}

function drawnNarrow(topology: Topology, marks: Marks): Drawing {
  const width = 360;
  const full = { x: 1, width: width - 2 };
  const trunk = 14;
  const network = { x: 32, width: width - 33 };
  const internetText = internetLines(topology, full.width);
  const gatewayText = gatewayLines(topology, full.width);
  const gatewayTop = 1 + boxHeight(internetText) + gap;
  let y = gatewayTop + boxHeight(gatewayText) + gap;
  const drawn: Markup[] = [];
  let last = y;
  for (const each of topology.networks) {
    const names = chipNames(each.clients, mostChips.narrow);
    const box = boxHeight(networkLines(each, marks, network.width));
    const height = box + (names.length === 0 ? 0 : chipsHeight(names.length) + inside);
    last = y + 22;
    drawn.push(
      markup`<path class="line" d="M${trunk} ${last}H${network.x}"/>${networkBox({ ...network, y }, each, marks, height)}${names.map(
        (name, at) =>
          chipBox(
            { x: network.x + inside, y: y + box + at * (chip.height + chip.gap), width: network.width - 2 * inside },
            name,
          ),
      )}`,
    );
    y += height + gap;
  }
  const middle = width / 2;
  return {
    width,
    height: y - gap + 1,
    content: markup`<path class="line" d="M${middle} ${gatewayTop - gap}V${gatewayTop}M${trunk} ${gatewayTop + boxHeight(gatewayText)}V${last}"/>${textBox(
      { ...full, y: 1 },
      internetText,
      { corner: boxHeight(internetText) / 2, centred: true },
    )}${textBox({ ...full, y: gatewayTop }, gatewayText)}${drawn}`,
  };
}

interface Line {
  readonly text: string;
  readonly kind: string;
}

const bold = (text: string): Line => ({ text, kind: "name" });
const soft = (text: string): Line => ({ text, kind: "soft" });

function internetLines({ internet, uplink }: Topology, width: number): Line[] {
  return [...wrapped(internet, width).map(bold), ...wrapped(uplink, width).map(soft)];
}

function gatewayLines({ gateway, nat64Prefix }: Topology, width: number): Line[] {
  return [
    ...wrapped(gateway, width).map(bold),
    ...(nat64Prefix === undefined ? [] : wrapped(`NAT64 ${nat64Prefix}`, width).map(soft)),
    ...wrapped("resolver, firewall, router advertisements, DHCP", width).map(soft),
  ];
}

function networkLines({ name, term, prefixes, ways }: TopologyNetwork, marks: Marks, width: number): Line[] {
  const mark = marks.get(name);
  return [
    ...wrapped(`${name} — ${term}`, width).map(bold),
    ...wrapped(prefixes.join(" · "), width).map(soft),
    ...wrapped(ways, width).map(soft),
    ...(mark === undefined ? [] : wrapped(mark.words, width).map((text) => ({ text, kind: `soft ${mark.state}` }))),
  ];
}

function networkBox(place: Place, network: TopologyNetwork, marks: Marks, height?: number): Markup {
  const mark = marks.get(network.name);
  const box = textBox(place, networkLines(network, marks, place.width), { height, kind: mark?.state ?? "" });
  return mark?.href === undefined ? box : markup`<a href="${mark.href}">${box}</a>`;
}

interface BoxOptions {
  readonly height?: number | undefined;
  readonly corner?: number;
  readonly kind?: string;
  readonly centred?: boolean;
}

function textBox({ x, y, width }: Place, lines: readonly Line[], options: BoxOptions = {}): Markup {
  const { height = boxHeight(lines), corner = 8, kind = "filled", centred = false } = options;
  const top = y + (kind === "filled" ? (height - boxHeight(lines)) / 2 : 0) + inside;
  const [left, anchor] = centred ? [x + width / 2, "middle"] : [x + inside, "start"];
  return markup`<rect class="box ${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${corner}"/>${lines.map(
    ({ text, kind: look }, index) =>
      markup`<text class="${look}" x="${left}" y="${top + 13 + index * line}" text-anchor="${anchor}">${text}</text>`,
  )}`;
}

function chipBox({ x, y, width }: Place, name: string): Markup {
  return markup`<rect class="chip" x="${x}" y="${y}" width="${width}" height="${chip.height}" rx="${chip.height / 2}"/><text x="${x + width / 2}" y="${y + 16.5}" text-anchor="middle">${shortened(name, charactersIn(width))}</text>`;
}

/** The first of them, and how many more there are. */
function chipNames(clients: readonly string[], most: number): string[] {
  return clients.length <= most
    ? [...clients]
    : [...clients.slice(0, most - 1), `and ${clients.length - most + 1} more`];
}

function chipsHeight(count: number): number {
  return count === 0 ? 0 : count * (chip.height + chip.gap) - chip.gap;
}

function boxHeight(lines: readonly Line[]): number {
  return lines.length * line + 2 * inside - 4;
}

/** Nothing here knows a font: a width that even wide letters of this size do not pass. */
function charactersIn(width: number): number {
  return Math.floor((width - 2 * inside) / 7.3);
}

/** Broken between words where a line would leave its box, and cut where a word would. */
function wrapped(text: string, width: number): string[] {
  const most = charactersIn(width);
  const lines: string[] = [];
  for (const word of text.split(" ").filter((each) => each !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(shortened(word, most));
  }
  return lines;
}

function shortened(text: string, most: number): string {
  // By characters: half of one is none (UTF-16 has two units for some).
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}
