import { mapLimited } from "../../host/limited";

it("does no more at once than is allowed, and gives the results in the order of the things", async () => {
  let running = 0;
  let most = 0;
  const results = await mapLimited([5, 1, 4, 2, 3], 2, async (item) => {
    running += 1;
    most = Math.max(most, running);
    for (let turn = 0; turn < item; turn += 1) await new Promise(setImmediate);
    running -= 1;
    return item * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

it("does nothing with no things, and ends with the first failure", async () => {
  await expect(mapLimited([], 3, () => Promise.reject(new Error("never")))).resolves.toEqual([]);
  await expect(mapLimited([1, 2], 1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});
