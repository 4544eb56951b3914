import type { LabPlan } from "../plan/model";
import type { CloudInitDocuments, MachineIdentity } from "./documents";
import type { CloudConfig, NetworkConfig, WriteFile } from "./schema";
import { dumpYaml } from "./yaml";

/** What makes one machine of a lab different from another. */
export interface MachineDocuments {
  readonly hostname: string;
  readonly identity: MachineIdentity;
  readonly network: NetworkConfig;
  /** Commands of the first boot, each as an argument list, and the files that they need. */
  readonly commands?: readonly (readonly string[])[];
  readonly files?: readonly WriteFile[];
}

/** The documents of one machine: who it is, who may log in, how its cards are called. */
export function machineDocuments(plan: LabPlan, machine: MachineDocuments): CloudInitDocuments {
  return {
    metaData: dumpYaml({
      "instance-id": `${plan.project}-${plan.stack}-${machine.hostname}`,
      "local-hostname": machine.hostname,
    }),
    userData: `#cloud-config\n${dumpYaml(cloudConfig(plan, machine))}`,
    networkConfig: dumpYaml(machine.network),
  };
}

function cloudConfig(plan: LabPlan, { hostname, identity, files = [], commands = [] }: MachineDocuments): CloudConfig {
  const generic = plan.guest.kind === "generic";
  const allFiles = [lingering(plan.ssh.user), ...(generic ? [sshdSettings] : []), ...files];
  return {
    hostname,
    manage_etc_hosts: "localhost",
    disable_root: true,
    users: [
      {
        name: plan.ssh.user,
        shell: "/bin/bash",
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        lock_passwd: true,
        ssh_authorized_keys: [...new Set(identity.authorizedKeys)].sort(),
      },
    ],
    // The image's own keys, if any, are everybody's. With `ssh_keys`, cloud-init makes no others.
    ssh_deletekeys: true,
    ssh_keys: {
      ed25519_private: identity.hostKey.privateKey,
      ed25519_public: identity.hostKey.publicKey,
    },
    write_files: allFiles,
    ...(commands.length === 0 ? {} : { runcmd: commands }),
    ...(generic ? modules : {}),
  };
}

/**
 * A complete guest brings the list of modules that these documents use; a distribution's image runs dozens, each a
 * second or more in an emulated machine.
 */
const modules: Partial<CloudConfig> = {
  cloud_init_modules: [
    "growpart",
    "resizefs",
    "write_files",
    "set_hostname",
    "update_etc_hosts",
    "users_groups",
    "ssh",
  ],
  cloud_config_modules: ["runcmd"],
  cloud_final_modules: ["scripts_user"],
};

/**
 * The user's service manager runs from the boot on (loginctl(1), enable-linger). Else the first login starts it and the
 * last one ends it, and that takes seconds in an emulated machine.
 */
function lingering(user: string): WriteFile {
  return { path: `/var/lib/systemd/linger/${user}`, permissions: "0644", content: "" };
}

/** A complete guest has the same settings in it. */
const sshdSettings: WriteFile = {
  path: "/etc/ssh/sshd_config.d/10-ipv6-only-lab.conf",
  permissions: "0644",
  content: [
    "HostKey /etc/ssh/ssh_host_ed25519_key",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin no",
    "MaxStartups 30:30:100",
    "",
  ].join("\n"),
};
