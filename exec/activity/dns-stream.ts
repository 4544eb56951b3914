/** DNS over TCP: before each message there are two octets with its length (RFC 1035 section 4.2.2). */
export class DnsStream {
  private held = Buffer.alloc(0);
  /** Octets of a message that the tracer did not show whole; infinite: nobody knows where the next one begins. */
  private skip = 0;

  /**
   * @param octets how many there were: the tracer may show less.
   * @returns the messages that have come to their end, and what there is of one that was cut.
   */
  push(data: Buffer, octets: number): Buffer[] {
    const passed = Math.min(this.skip, octets);
    this.skip -= passed;
    this.held = Buffer.concat([this.held, data.subarray(passed)]);
    const unseen = octets - Math.max(data.length, passed);
    const messages: Buffer[] = [];
    while (this.held.length >= 2) {
      const end = 2 + this.held.readUInt16BE(0);
      const rest = end - this.held.length;
      if (rest > 0 && unseen <= 0) return messages;
      messages.push(this.held.subarray(2, end));
      this.held = this.held.subarray(end);
      if (rest > 0) {
        this.skip = unseen > rest ? Infinity : rest - unseen;
        return messages;
      }
    }
    if (unseen > 0) this.skip = Infinity;
    return messages;
  }
}
