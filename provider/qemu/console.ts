/** Reads a machine's console for signs that its kernel has crashed. */

/**
 * Complaints that an overloaded host causes in a healthy guest: it got no processor for a while.
 * kernel/watchdog.c, kernel/rcu/tree_stall.h.
 */
const harmless = /soft lockup|detected stalls|hung task/;

/** The kernel's own words, lib/bug.c, arch/x86/kernel/dumpstack.c, arch/x86/mm/fault.c, kernel/panic.c, mm/oom_kill.c. */
const problems: readonly RegExp[] = [
  /Kernel panic - not syncing: .*/,
  /Internal error: Oops.*/,
  /Oops: .*/,
  /BUG: .*/,
  /kernel BUG at .*/,
  /general protection fault.*/,
  /Unable to handle kernel .*/,
  /Out of memory: Killed process .*/,
];

const kernelLine = /^\[ *\d+\.\d+\] (.*)$/;

/**
 * The first line in which the guest's kernel says that it crashed (or killed a program for lack of memory), without
 * its time stamp; undefined when there is none.
 */
export function consoleProblem(log: string): string | undefined {
  for (const line of log.split(/\r?\n/)) {
    const [, message = ""] = kernelLine.exec(line) ?? [];
    if (harmless.test(message)) continue;
    const found = problems.map((pattern) => pattern.exec(message)?.[0]).find((text) => text !== undefined);
    if (found !== undefined) return found.trim();
  }
  return undefined;
}
