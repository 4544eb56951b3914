/** The verdict on a run that failed, and of which no rule knows why. */
import type { Run } from "../run";
import type { Target } from "../targets";
import type { Verdict } from ".";
import type { Finding } from "./causes";
import { crashSignal, endingSignal } from "./endings";
import { isIpv6Literal } from "./rule";
import { silentServers, toldAtOnce, toldIpv6Peers, unseenConversations, wantedOwnAddress } from "./traffic";
import { ending, paths, place } from "./words";

export function unexplained(run: Run, targets: readonly Target[], remarks: readonly Finding[]): Verdict {
  const { end, activity } = run;
  const ended = endingSignal(run);
  const crash = crashSignal(run);
  const byItself = crash === undefined ? `It ended with ${end.code}` : `It died of ${crash}`;
  const how = end.timedOut
    ? "It was ended by the time limit"
    : ended === undefined
      ? byItself
      : `It was ended by ${ended}`;
  const missed = targets.filter(({ reached }) => !reached);
  if (missed.length > 0) {
    const seen = missed.map(
      (target) =>
        `${place(target)} (${target.attempts.map(ending).join("; ") || "asked for; nothing was seen to go there"})`,
    );
    const unheard = activity.unheard === 0 ? "" : " It asked a resolver for names that nobody here heard.";
    const cut = activity.lookups.some(({ answer }) => answer?.cut === true);
    const deaf = cut ? `${unheard} An answer of a resolver was not seen whole.` : unheard;
    return { kind: "cannot-tell", words: `${how}. Not reached: ${seen.join(", ")}.${deaf}`, remarks };
  }
  const unseen = [...activity.unseen, ...end.withoutRights.map(withoutRights)];
  // Node.js makes such a ring for files: it says little beside calls that were seen.
  const blind = end.withoutRights.length > 0 || (unseen.length > 0 && targets.length === 0);
  const silent = silentServers(targets, run);
  if (end.timedOut || ended !== undefined || blind || silent.length > 0) {
    const words = [`${how}.`, paths(targets), ...silent, ...unseen.map((each) => `${each}.`)]
      .filter((each) => each !== "")
      .join(" ");
    return { kind: "cannot-tell", words, remarks };
  }
  const wanted = wantedOwnAddress(run);
  // A browser asks for all addresses whatever is wanted of it, and speaks to somebody.
  const isWanted = wanted !== undefined && (wanted.confidence !== "possible" || targets.length === 0);
  if (isWanted) return { kind: "cause", finding: wanted, remarks };
  const untold = toldAtOnce(targets, run);
  if (untold !== undefined) return { kind: "cause", finding: untold, remarks };
  const args = run.processes.all.flatMap((each) => each.args);
  const texts = args.flatMap(
    (arg) => arg.match(/(?<![\w.:-])\[?[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7}\]?(?!\w)/gi) ?? [],
  );
  const literal = texts.find(isIpv6Literal);
  const [first] = run.processes.all;
  const process = first?.pid ?? 0;
  if (targets.length === 0 && literal !== undefined) {
    const words = `It was given "${literal}", ended with ${end.code}, and spoke to nobody.`;
    return {
      kind: "cause",
      finding: { cause: "ipv6-literal-misread", confidence: "possible", words, process, line: undefined },
      remarks,
    };
  }
  const conversations = unseenConversations(targets, run);
  const inPart = targets.some(({ attempts }) => attempts.some(({ outcome }) => outcome.kind === "failed"));
  const dialled =
    targets.length === 0
      ? "It asked for no name and dialled nothing."
      : `Everything that it dialled was reached${inPart ? ", each by one address at least" : ""}. ${paths(targets)}`;
  const asides = [...conversations, ...toldIpv6Peers(targets, run), ...(wanted === undefined ? [] : [wanted.words])];
  const words = [`${how}.`, dialled, ...asides].join(" ");
  const confidence = unseen.length + asides.length > 0 ? "possible" : "probable";
  const finding: Finding = { cause: "not-for-want-of-ipv4", confidence, words, process, line: undefined };
  return { kind: "cause", finding, remarks };
}

function withoutRights(program: string): string {
  return `${program} takes rights from its file (setuid), and was not given them below the tracer: --setuid gives them`;
}
