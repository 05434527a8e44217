import { suite } from "uvu";

const test = suite("hook");

test.before(() => {
  throw new Error("not ready");
});
test("is kept from running", () => {});

test.run();
