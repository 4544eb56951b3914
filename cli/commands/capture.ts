/** `npm run capture`: packets from the running lab, as lines to read or as pcapng. */
import { once } from "node:events";
import * as fs from "node:fs";
import type { Writable } from "node:stream";
import { parseArgs } from "node:util";
import { interruptible } from "../../host/interruption";
import { codeOf, messageOf, say, UserError } from "../../host/messages";
import { oneOf } from "../../plan/nearest";
import { ConnectionLostError, type SshConnection } from "../../ssh";
import type { LabAccess } from "../../verify/access";
import { type Cards, cardsOf, type Place } from "../../verify/capture/place";
import { Recorder } from "../../verify/capture/record";
import { capturePackets } from "../../verify/capture/run";
import { Watcher } from "../../verify/capture/watch";
import { connectGateway, onClient } from "../../verify/connect";
import { translations } from "../../verify/facts";
import { requireAwake } from "../awake";
import { helpText, stackOption } from "../help";
import { fromCaller } from "../caller";
import { readAccess } from "../recorded-access";
import { stackArguments } from "../stack-arguments";

export const help = helpText({
  usage: ["npm run capture -- [--stack NAME] [client NAME | gateway | both] [FILTER …] [-w FILE|-]"],
  about:
    "Packets from the running lab, until Ctrl-C; both, which is meant without a word: both sides of the translator, with both legs of what is translated together. The filter is tcpdump's (pcap-filter(7)).",
  options: {
    ...stackOption,
    "--write FILE, -w FILE": "pcapng instead of lines to read; -: on stdout, for wireshark -k -i -",
  },
});

export const options = { write: { type: "string", short: "w" } } as const;

export async function run(args: readonly string[]): Promise<number> {
  const { stack, rest } = stackArguments(args);
  const { values, positionals } = parseArgs({
    args: [...rest],
    allowPositionals: true,
    options,
  });
  if (values.write === "-" && process.stdout.isTTY) {
    throw new UserError(
      "-w - writes octets that no terminal shows: send them into a program, e.g. | wireshark -k -i -, or give -w a file.",
    );
  }
  const access = await readAccess(stack);
  const { place, filter } = placeAndFilter(access, positionals);
  try {
    await interruptible((signal) => capture(access, { place, filter, file: fromCaller(values.write), signal }));
    return 0;
  } catch (error) {
    if (error instanceof ConnectionLostError) requireAwake(stack);
    throw error instanceof UserError ? error : new UserError(`The capture has ended: ${messageOf(error)}`);
  }
}

/** What does not begin with a place is a filter. @throws UserError for a client that there is not. */
export function placeAndFilter(
  { clients }: Pick<LabAccess, "clients">,
  words: readonly string[],
): { readonly place: Place; readonly filter: string } {
  const [first = "", second = "", ...more] = words;
  if (first === "gateway" || first === "both") return { place: { kind: first }, filter: words.slice(1).join(" ") };
  // Its name alone will do.
  const named = clients.find(({ name }) => name === first);
  if (named !== undefined) return { place: { kind: "client", client: named }, filter: words.slice(1).join(" ") };
  if (first !== "client") return { place: { kind: "both" }, filter: words.join(" ") };
  const client = clients.find(({ name }) => name === second);
  if (client !== undefined) return { place: { kind: "client", client }, filter: more.join(" ") };
  const names = clients.map(({ name }) => name);
  throw new UserError(`${second === "" ? "Which client?" : `There is no client ${second}.`} ${oneOf(second, names)}.`);
}

interface Wanted {
  readonly place: Place;
  readonly filter: string;
  /** Undefined: lines to read. */
  readonly file: string | undefined;
  readonly signal: AbortSignal;
}

async function capture(access: LabAccess, wanted: Wanted): Promise<void> {
  const { place, signal } = wanted;
  const reach = { wait: 0, signal };
  if (place.kind === "client") {
    await onClient(access, place.client, reach, (connection) => on(connection, place.client.name, access, wanted));
    return;
  }
  const connection = await connectGateway(access, reach);
  try {
    await on(connection, access.gateway.name, access, wanted);
  } finally {
    connection.close();
  }
}

async function on(connection: SshConnection, machine: string, access: LabAccess, wanted: Wanted): Promise<void> {
  const { place, filter, file, signal } = wanted;
  const cards = cardsOf(place, access, { ...(await look(connection, machine, signal)), filter });
  if (cards.cards.length === 0) throw new UserError(`${machine} has none of the cards that it should have.`);
  const over = `Capturing on ${cards.cards.join(", ")} of ${machine}. Ctrl-C ends it.`;
  if (file === undefined) await watch(connection, access, cards, { place, signal, over });
  else await record(connection, machine, cards, { file, signal, over });
}

/** What the machine has, and by which of its addresses SSH came in (ssh(1), SSH_CONNECTION). */
async function look(connection: SshConnection, machine: string, signal: AbortSignal) {
  const question = 'printf "%s\\n" "$SSH_CONNECTION"; ls /sys/class/net; PATH=$PATH:/usr/sbin command -v tcpdump';
  const { code, stdout } = await connection.exec(question, { signal, timeout: 60 });
  const [ssh = "", ...lines] = stdout.trim().split("\n");
  if (code !== 0) throw new UserError(`${machine} has no tcpdump: image.extraPackages: [tcpdump] puts it there.`);
  return { sshTo: ssh.split(" ")[2] ?? "", present: lines.slice(0, -1) };
}

interface Session {
  readonly signal: AbortSignal;
  /** Said when it has begun. */
  readonly over: string;
}

async function watch(
  connection: SshConnection,
  access: LabAccess,
  { cards, filterOf, isInside }: Cards,
  { place, signal, over }: Session & { readonly place: Place },
): Promise<void> {
  const machines = new Map([
    ...access.clients.map(({ lanMac, name }) => [lanMac, name] as const),
    ...access.promised.networks.map(({ router }) => [router.mac, access.gateway.name] as const),
  ]);
  const asks = new AbortController();
  // The captures take as many channels of their connection as sshd allows (sshd_config(5), MaxSessions).
  const asked = place.kind === "both" ? await connectGateway(access, { wait: 0, signal }) : undefined;
  const watcher = new Watcher({
    names: { ofMac: (mac) => machines.get(mac), nat64Prefix: access.promised.nat64.prefix },
    isInside: place.kind === "both" ? isInside : undefined,
    table: async () =>
      asked === undefined ? [] : (await translations({ connection: asked, signal: asks.signal })).translations.sessions,
    print: (line) => {
      console.log(line);
    },
  });
  try {
    const begun = beginning(cards.length, over);
    const dropped = await capturePackets(connection, {
      ...{ cards, filterOf, stop: signal, onStart: begun },
      onPacket: (card, packet) => {
        watcher.add(card, packet);
        return undefined;
      },
    });
    await watcher.end();
    say(`${watcher.packets} packets${lost(dropped)}`);
  } finally {
    asks.abort();
    watcher.close();
    asked?.close();
  }
}

async function record(
  connection: SshConnection,
  machine: string,
  { cards, filterOf }: Cards,
  { file, signal, over }: Session & { readonly file: string },
): Promise<void> {
  const output = await openOutput(file);
  const gone = new AbortController();
  let failure: Error | undefined;
  output.on("error", (error) => {
    failure ??= error;
    gone.abort();
  });
  const recorder = new Recorder(output, machine);
  const begun = beginning(cards.length, over);
  try {
    const dropped = await capturePackets(connection, {
      ...{ cards, filterOf, stop: AbortSignal.any([signal, gone.signal]) },
      onStart: (card, head) => {
        recorder.start(card, head);
        begun();
      },
      onPacket: (card, packet) => recorder.add(card, packet),
    });
    recorder.end();
    await flushed(output);
    // Whoever reads may have seen enough.
    if (failure !== undefined && codeOf(failure) !== "EPIPE") throw failure;
    say(`${recorder.packets} packets${file === "-" ? "" : ` in ${file}`}${lost(dropped)}`);
  } finally {
    recorder.end();
    if (file !== "-") output.destroy();
  }
}

async function openOutput(file: string): Promise<Writable> {
  if (file === "-") return process.stdout;
  const output = fs.createWriteStream(file);
  try {
    await once(output, "open");
  } catch (error) {
    throw new UserError(`-w ${file}: it cannot be written (${messageOf(error)}).`);
  }
  return output;
}

/** Until all is written, or cannot be. */
function flushed(output: Writable): Promise<void> {
  return new Promise((resolve) => {
    output.write("", () => {
      resolve();
    });
  });
}

/** Says so when the last of the cards has begun. */
function beginning(cards: number, over: string): () => void {
  let left = cards;
  return () => {
    left -= 1;
    if (left === 0) say(over);
  };
}

function lost(dropped: number): string {
  return dropped === 0
    ? ""
    : `; the kernel dropped ${dropped} more that came too quickly: a filter leaves less to fetch`;
}
