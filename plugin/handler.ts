/** What a resource of the provider has to be able to do. One handler for each type; `provider-service.ts` does the rest. */

/** Properties as plain values, secrets already unwrapped; unknown ones (in a preview) hold `unknownValue`. */
export type Properties = Readonly<Record<string, unknown>>;

/** The engine's mark for "not known before the update" (sdk/go/common/resource/plugin, `UnknownStringValue`). */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export interface OperationContext {
  /** Aborted by Ctrl-C and by the resource's customTimeouts: every long operation must end within seconds and leave what the next `up` can go on from. */
  readonly signal: AbortSignal;
  /** One line on the resource's row of the terminal, written over by the next. */
  readonly progress: (line: string) => void;
  /** Something to read that stays on the terminal. */
  readonly info: (text: string) => void;
  /** A remark that stays on the terminal. */
  readonly warn: (line: string) => void;
}

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export interface Difference {
  /** Input properties that differ, or outputs that show that the real thing is not as it should be. */
  readonly changed: readonly string[];
  /** Those among them for which the resource is made anew. */
  readonly replaces: readonly string[];
  /** Else the old one makes room first: names, folders and ports of a resource are its own. */
  readonly createsFirst?: true;
}

/** A resource as the engine remembers it. */
export interface ResourceState {
  readonly id: string;
  /** Inputs and outputs together, as last returned by create, update or read. */
  readonly properties: Properties;
}

export interface Created {
  readonly id: string;
  readonly outputs: Properties;
}

/** Outputs always repeat the inputs: a resource's state is both. */
export interface ResourceHandler {
  /** Judges inputs that are known in full; an empty list means that all is well. */
  check(inputs: Properties): CheckFailure[];
  /** `inputs` may hold unknown values, which count as changed. */
  diff(old: ResourceState, inputs: Properties): Difference;
  /**
   * Outputs that are certain before anything is made; what is left out is unknown in a preview.
   * @param old what is there, when it is an update.
   */
  preview?(inputs: Properties, old: Properties | undefined): Properties;
  create(inputs: Properties, context: OperationContext): Promise<Created>;
  /** The truth about the real thing; undefined: it is gone. */
  read(old: ResourceState, context: OperationContext): Promise<Properties | undefined>;
  update(old: ResourceState, inputs: Properties, context: OperationContext): Promise<Properties>;
  delete(old: ResourceState, context: OperationContext): Promise<void>;
}

/** Compares inputs by value: every changed one is in `changed`, and in `replaces` too unless it can be updated. */
export function compareInputs(
  old: Properties,
  inputs: Properties,
  names: readonly string[],
  updatable: readonly string[] = [],
): Difference {
  const changed = names.filter((name) => canonical(old[name]) !== canonical(inputs[name]));
  return { changed, replaces: changed.filter((name) => !updatable.includes(name)) };
}

export function containsUnknown(value: unknown): boolean {
  return canonical(value).includes(unknownValue);
}

/** JSON with sorted keys, in which a missing property and one that is null or undefined are the same. */
export function canonical(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, part: unknown) => {
    if (typeof part !== "object" || part === null || Array.isArray(part)) return part;
    const entries = Object.entries(part).filter(([, item]) => item !== null && item !== undefined);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
