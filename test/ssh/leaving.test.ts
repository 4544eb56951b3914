import { EventEmitter } from "node:events";
import { leave, left } from "../../ssh/leaving";

class Connection extends EventEmitter {
  readonly end = jest.fn();
}

/** Whether it has come about by now. */
async function settled(promise: Promise<void>): Promise<boolean> {
  const later = new Promise<false>((resolve) => setImmediate(resolve, false));
  return Promise.race([promise.then(() => true), later]);
}

describe("who waits until machines know that they are left", () => {
  it("waits for no one where none is being left", async () => {
    expect(await settled(left())).toBe(true);
  });

  it("waits until the connection is closed, and for those alone that go through the same one", async () => {
    const [connection, through, another] = [new Connection(), {}, {}];
    leave(connection, through);
    expect(connection.end).toHaveBeenCalledTimes(1);
    expect([await settled(left()), await settled(left(through)), await settled(left(another))]).toEqual([
      ...[false, false, true],
    ]);
    connection.emit("close");
    expect([await settled(left()), await settled(left(through))]).toEqual([true, true]);
  });

  it("gives up on a machine that does not answer", async () => {
    leave(new Connection(), {});
    await left();
    expect(await settled(left())).toBe(true);
  });
});
