import { readAccess } from "../../cli/recorded-access";
import type { LabAccess } from "../../verify/access";
import type { Report } from "../../verify/report";
import { verifyLab } from "../../verify/runner";
import { all, breakAndMend, notPassed } from "./breaking";
import { type Breakage, breakages, breakagesWithoutDhcpv6 } from "./breakages";
import { Stack } from "./harness";
import { story } from "./story";

const shown = (list: readonly Breakage[]): [string, Breakage][] =>
  list.filter(({ always }) => all || always === true).map((each) => [each.name, each]);

describe("a lab that is broken in one place", () => {
  const lab = new Stack("e2e-breakages");
  const step = story(lab);
  const config = { dns: { searchDomains: ["lab.example"] } };
  let access: LabAccess;

  step("is whole at first", async () => {
    lab.configure(config);
    await lab.succeed("up");
    access = await readAccess(lab.name);
    expect(notPassed(await look(access))).toEqual([]);
  });

  describe("is noticed, and mended by the first advice", () => {
    test.each(shown(breakages))("when %s", (_name, breakage) => breakAndMend(lab, access, breakage, look));
  });

  if (all) {
    step("loses its DHCPv6 server", async () => {
      lab.configure({ ...config, dhcpv6: { mode: "off" } });
      await lab.succeed("up");
      access = await readAccess(lab.name);
    });

    describe("without DHCPv6 is noticed, and mended by the first advice", () => {
      test.each(shown(breakagesWithoutDhcpv6))("when %s", (_name, breakage) =>
        breakAndMend(lab, access, breakage, look),
      );
    });
  }

  step("goes away", async () => {
    await lab.succeed("destroy");
  });
});

function look(access: LabAccess, _breakage?: Breakage, wait = 0): Promise<Report> {
  return verifyLab(access, { wait, signal: new AbortController().signal });
}
