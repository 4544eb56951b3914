/** Calls to a vCenter's web service (VIM API, SOAP over HTTPS): one request, one answer. */
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { text as textFrom } from "node:stream/consumers";
import { DOMParser, type Element, onErrorStopParsing, ParseError } from "@xmldom/xmldom";
import { z } from "zod";
import { VcenterError } from "./errors";
import { escapeXml, find, textOf } from "./xml";

/** How to get into a vCenter: what the vSphere plugin is configured with. */
export const vcenterLoginSchema = z
  .object({
    /** Host name or address, with `:port` behind it unless it is 443. */
    server: z.string().min(1),
    user: z.string(),
    password: z.string(),
    /** Accept a certificate that nobody vouches for. */
    allowUnverifiedSsl: z.boolean(),
  })
  .readonly();

export type VcenterLogin = z.infer<typeof vcenterLoginSchema>;

/** A managed object: its type, e.g. `VirtualMachine`, and its id, e.g. `vm-42`. */
export interface Reference {
  readonly type: string;
  readonly id: string;
}

/** Milliseconds for one request and its whole answer. */
const requestTimeout = 30_000;

/** A conversation: the session's cookie is kept from the first answer on. */
export class SoapClient {
  private cookie: string | undefined;

  constructor(
    private readonly login: VcenterLogin,
    readonly signal: AbortSignal,
  ) {}

  /**
   * Calls a method; the answer.
   * @param body the parameters behind `_this`, as XML.
   * @throws VcenterError with the server's words, or with the reason why it cannot be spoken to.
   */
  async call(method: string, target: Reference, body = ""): Promise<Element> {
    const envelope =
      '<?xml version="1.0" encoding="UTF-8"?>' +
      '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
      `<Body><${method} xmlns="urn:vim25">${referenceXml("_this", target)}${body}</${method}></Body></Envelope>`;
    const { status, text } = await this.post(envelope);
    const answer = parse(text);
    const fault = textOf(find(answer, "faultstring"));
    if (fault !== undefined) throw new VcenterError("fault", fault, faultName(answer));
    if (status !== 200) {
      throw new VcenterError("unreachable", `${this.login.server} answers with HTTP status ${status}`);
    }
    if (answer === undefined) {
      throw new VcenterError("unreachable", `What answers at ${this.login.server} is no vCenter: it speaks no SOAP`);
    }
    return answer;
  }

  private async post(envelope: string): Promise<{ status: number; text: string }> {
    const { server, allowUnverifiedSsl } = this.login;
    const limit = AbortSignal.timeout(requestTimeout);
    const options = {
      method: "POST",
      rejectUnauthorized: !allowUnverifiedSsl,
      signal: AbortSignal.any([this.signal, limit]),
      headers: {
        "Content-Type": "text/xml; charset=utf-8",
        SOAPAction: "urn:vim25/6.7",
        ...(this.cookie === undefined ? {} : { Cookie: this.cookie }),
      },
    };
    try {
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        request(`https://${server}/sdk`, options, resolve).on("error", reject).end(envelope);
      });
      this.cookie ??= response.headers["set-cookie"]?.[0]?.split(";")[0];
      return { status: response.statusCode ?? 0, text: await textFrom(response) };
    } catch (error) {
      if (this.signal.aborted) throw error;
      const silence = new Error(`no answer within ${requestTimeout / 1000} s`);
      throw VcenterError.ofConnection(server, limit.aborted ? silence : error);
    }
  }
}

export function referenceXml(element: string, { type, id }: Reference): string {
  return `<${element} type="${escapeXml(type)}">${escapeXml(id)}</${element}>`;
}

/** Undefined for what is no XML, a web server's page for example. */
function parse(text: string): Element | undefined {
  try {
    return (
      new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, "text/xml").documentElement ?? undefined
    );
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** The type of the fault, e.g. `InvalidLogin`: the first element inside `detail`. */
function faultName(answer: Element | undefined): string {
  return (
    find(answer, "detail")
      ?.children.item(0)
      ?.localName?.replace(/Fault$/, "") ?? ""
  );
}
