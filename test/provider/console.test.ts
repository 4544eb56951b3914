import { consoleProblem } from "../../provider/qemu/console";

const healthy = `[    0.048000] tsc: Unable to calibrate against PIT
[    0.584715] APIC calibration not consistent with PM-Timer: 96ms instead of 100ms
[    2.087915] amd_pstate: the _CPC object is not present in SBIOS or ACPI disabled
[   13.733408] hrtimer: interrupt took 30756004 ns
`;

describe("consoleProblem", () => {
  it("sees nothing in the console of a healthy boot", () => {
    expect(consoleProblem(healthy)).toBeUndefined();
    expect(consoleProblem("")).toBeUndefined();
  });

  it.each([
    [
      "a page fault",
      "[    9.1] BUG: unable to handle page fault for address: ffffa0b1c2d3e4f5\r\n[    9.1] #PF: supervisor write access in kernel mode\r\n[    9.1] Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI",
      "BUG: unable to handle page fault for address: ffffa0b1c2d3e4f5",
    ],
    [
      "a general protection fault",
      "[   12.345678] Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] PREEMPT SMP NOPTI",
      "Oops: general protection fault, probably for non-canonical address 0xdead000000000100: 0000 [#1] PREEMPT SMP NOPTI",
    ],
    ["a failed assertion", "[    3.000001] kernel BUG at mm/slub.c:546!", "kernel BUG at mm/slub.c:546!"],
    [
      "a panic",
      '[    1.555207] Kernel panic - not syncing: VFS: Unable to mount root fs on "/dev/nvme0n1" or unknown-block(259,0)',
      'Kernel panic - not syncing: VFS: Unable to mount root fs on "/dev/nvme0n1" or unknown-block(259,0)',
    ],
    [
      "an oops on arm64",
      "[    5.5] Internal error: Oops: 0000000096000004 [#1] SMP",
      "Internal error: Oops: 0000000096000004 [#1] SMP",
    ],
    [
      "a program killed for lack of memory",
      "[   60.2] Out of memory: Killed process 271 (unbound) total-vm:81000kB, anon-rss:20000kB",
      "Out of memory: Killed process 271 (unbound) total-vm:81000kB, anon-rss:20000kB",
    ],
  ])("tells of %s in the kernel's own words", (_what, log, problem) => {
    expect(consoleProblem(`${healthy}${log}\n`)).toBe(problem);
  });

  it("does not take a guest that waited for an overloaded host for a crashed one", () => {
    const waited = [
      "[  124.1] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [swapper/0:1]",
      "[  130.2] rcu: INFO: rcu_preempt self-detected stall on CPU",
      "[  130.2] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
    ];
    expect(consoleProblem(waited.join("\n"))).toBeUndefined();
  });

  it("takes the words of a program for no crash", () => {
    expect(consoleProblem("Debugging: BUG: this is a service's own line\n")).toBeUndefined();
  });
});
