/** Names that are crossed off, until none is left. */
export class Roll {
  readonly empty: Promise<void>;
  private readonly left: Set<string>;
  private close: () => void = () => undefined;

  constructor(items: readonly { readonly name: string }[]) {
    this.left = new Set(items.map(({ name }) => name));
    this.empty = new Promise((resolve) => {
      this.close = resolve;
    });
    this.closeIfEmpty();
  }

  crossOff(name: string): void {
    this.left.delete(name);
    this.closeIfEmpty();
  }

  private closeIfEmpty(): void {
    if (this.left.size === 0) {
      this.close();
    }
  }
}
