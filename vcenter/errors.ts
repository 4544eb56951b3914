/** Why a vCenter cannot be used, told to the person who configured it. */

import { codeOf, messageOf } from "../host/messages";

type VcenterProblem = "unreachable" | "certificate" | "credentials" | "privileges" | "fault";

export class VcenterError extends Error {
  override readonly name = "VcenterError";
  readonly problem: VcenterProblem;
  /** Name of the VIM API's fault, e.g. `NoPermission`; empty for what is none. */
  readonly fault: string;

  constructor(problem: VcenterProblem, message: string, fault = "") {
    super(message);
    this.fault = fault;
    this.problem = problemOfFault[fault] ?? problem;
  }

  /** What Node's TLS and sockets say. */
  static ofConnection(server: string, error: unknown): VcenterError {
    const words = messageOf(error);
    if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME/.test(String(codeOf(error)))) {
      return new VcenterError(
        "certificate",
        `${server} shows a certificate that this machine does not trust (${words}). Trust the authority that ` +
          `signed it: download it from https://${server}/certs/download.zip, add it to this system's trusted ` +
          `certificates and name its file in NODE_EXTRA_CA_CERTS. In a lab without one: ` +
          `pulumi config set vsphere:allowUnverifiedSsl true`,
      );
    }
    return new VcenterError(
      "unreachable",
      `${server} cannot be reached: ${words}. Is vsphere:vsphereServer right, and does a VPN or firewall ` +
        `stand between? It must answer on https://${server}/sdk.`,
    );
  }
}

const problemOfFault: Readonly<Partial<Record<string, VcenterProblem>>> = {
  InvalidLogin: "credentials",
  NoPermission: "privileges",
};
