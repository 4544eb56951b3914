/** Calls to a vCenter's web service (VIM API, SOAP over HTTPS): one request, one answer. */
import { request } from "node:https";
import { VcenterError } from "./errors";
import { find, findAll, escapeXml, unescapeXml } from "./xml";

/** How to get into a vCenter: what the vSphere plugin is configured with. */
export interface VcenterLogin {
  /** Host name or address, with `:port` behind it unless it is 443. */
  readonly server: string;
  readonly user: string;
  readonly password: string;
  /** Accept a certificate that nobody vouches for. */
  readonly allowUnverifiedSsl: boolean;
}

/** A managed object: its type, e.g. `VirtualMachine`, and its id, e.g. `vm-42`. */
export interface Reference {
  readonly type: string;
  readonly id: string;
}

/** Milliseconds for one request. */
const requestTimeout = 30_000;

/** A conversation: the session's cookie is kept from the first answer on. */
export class SoapClient {
  private cookie: string | undefined;

  constructor(
    private readonly login: VcenterLogin,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Calls a method; the answer's body as XML.
   * @param body the parameters behind `_this`, as XML.
   * @throws VcenterError with the server's words, or with the reason why it cannot be spoken to.
   */
  async call(method: string, target: Reference, body = ""): Promise<string> {
    const envelope =
      '<?xml version="1.0" encoding="UTF-8"?>' +
      '<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
      `<Body><${method} xmlns="urn:vim25">${referenceXml("_this", target)}${body}</${method}></Body></Envelope>`;
    const { status, text } = await this.post(envelope);
    const fault = find(text, "faultstring");
    if (fault !== undefined) throw new VcenterError("fault", faultName(text), unescapeXml(fault));
    if (status !== 200) {
      throw new VcenterError("unreachable", "", `${this.login.server} answers with HTTP status ${status}`);
    }
    return text;
  }

  private post(envelope: string): Promise<{ status: number; text: string }> {
    const { server, allowUnverifiedSsl } = this.login;
    return new Promise((resolve, reject) => {
      const sending = request(`https://${server}/sdk`, {
        method: "POST",
        rejectUnauthorized: !allowUnverifiedSsl,
        timeout: requestTimeout,
        signal: this.signal,
        headers: {
          "Content-Type": "text/xml; charset=utf-8",
          SOAPAction: "urn:vim25/6.7",
          ...(this.cookie === undefined ? {} : { Cookie: this.cookie }),
        },
      });
      sending.on("response", (response) => {
        this.cookie ??= response.headers["set-cookie"]?.[0]?.split(";")[0];
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
        });
      });
      sending.on("timeout", () => sending.destroy(new Error(`no answer within ${requestTimeout / 1000} s`)));
      sending.on("error", (error) => {
        reject(this.signal.aborted ? error : VcenterError.ofConnection(server, error));
      });
      sending.end(envelope);
    });
  }
}

export function referenceXml(element: string, { type, id }: Reference): string {
  return `<${element} type="${escapeXml(type)}">${escapeXml(id)}</${element}>`;
}

/** The type of the fault, e.g. `InvalidLogin`: the first element inside `detail`. */
function faultName(text: string): string {
  const [detail = ""] = findAll(text, "detail");
  return /<(?:\w+:)?(\w+?)(?:Fault)?[\s/>]/.exec(detail)?.[1] ?? "";
}
