/** Asks machines for facts: each question is a script of the folder `scripts`, sent over SSH. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { SshConnection } from "../ssh";
import { shellQuote } from "../ssh/shell";
import { type ClientFacts, type FetchFact, readClientFacts, readFetch } from "./client-facts";
import { readServices, readTranslations, type ServiceFacts, type TranslationFacts } from "./gateway-facts";
import { parseSections, type Sections } from "./sections";

export async function services(gateway: SshConnection, signal: AbortSignal): Promise<ServiceFacts> {
  const { stdout } = await gateway.exec(`sudo -n ${bash("services.sh")}`, { signal });
  return readServices(parseSections(stdout));
}

export async function translations(gateway: SshConnection, signal: AbortSignal): Promise<TranslationFacts> {
  const { stdout } = await gateway.exec(`sudo -n ${bash("translations.sh")}`, { signal });
  return readTranslations(parseSections(stdout));
}

export interface ClientQuestions {
  /** Of the content to fetch; undefined: from the client's package mirror. */
  readonly url: string | undefined;
  /** Seconds to wait for the content. */
  readonly wait: number;
  /** "<name of the section that tells of the answer> <address> <seconds to wait for it>". */
  readonly pings: readonly string[];
  /** Called once when the content has come, or will not come; what else there is to say takes longer. */
  readonly onFetch: (fetch: FetchFact) => void;
}

export interface ClientAnswers {
  readonly facts: ClientFacts;
  /** All that was said, the pings included; `ping-remote` is the one to where the content came from. */
  readonly sections: Sections;
}

export async function askClient(
  client: SshConnection,
  { url, wait, pings, onFetch }: ClientQuestions,
  signal: AbortSignal,
): Promise<ClientAnswers> {
  let heard: string | undefined = "";
  const { stdout } = await client.exec(bash("client.sh"), {
    stdin: lines([url ?? "", String(wait), ...pings]),
    signal,
    onStdout: (text) => {
      if (heard === undefined) {
        return;
      }
      heard += text;
      const [said] = /^### fetch .*\n[^\n]*\n/m.exec(heard) ?? [];
      if (said !== undefined) {
        heard = undefined;
        onFetch(readFetch(parseSections(said), "fetch"));
      }
    },
  });
  const sections = parseSections(stdout);
  return { facts: readClientFacts(sections), sections };
}

/** Does errands "<name> ping <address> <seconds>" and "<name> fetch <address> <url>" on a machine. */
export async function reach(
  machine: SshConnection,
  errands: readonly string[],
  signal: AbortSignal,
): Promise<Sections> {
  const { stdout } = await machine.exec(bash("reach.sh"), { stdin: lines(errands), signal });
  return parseSections(stdout);
}

function lines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join("");
}

/** A command line that runs a script and leaves standard input to it. */
function bash(name: string): string {
  return `bash -c ${shellQuote(`${script("common.sh")}${script(name)}`)}`;
}

function script(name: string): string {
  return fs.readFileSync(path.join(__dirname, "scripts", name), "utf8");
}
