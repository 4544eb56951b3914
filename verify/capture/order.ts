/** Packets of several cards come over connections of their own; here they get into the order of their times. */
export class Order<T extends { readonly at: bigint }> {
  private held: { readonly item: T; readonly since: number }[] = [];

  /** @param patience milliseconds that a packet waits for one that was earlier. */
  constructor(private readonly patience: number) {}

  /** @param now milliseconds, of a clock that only goes forward. */
  add(item: T, now: number): void {
    this.held.push({ item, since: now });
  }

  /** What has waited long enough, with all that was earlier. */
  due(now: number): T[] {
    const old = this.held.filter(({ since }) => now - since >= this.patience);
    const last = old.reduce<bigint | undefined>(
      (latest, { item }) => (latest === undefined || item.at > latest ? item.at : latest),
      undefined,
    );
    if (last === undefined) return [];
    const ready = this.held.filter(({ item }) => item.at <= last);
    this.held = this.held.filter(({ item }) => item.at > last);
    return ready.map(({ item }) => item).sort((one, other) => Number(one.at - other.at));
  }
}
