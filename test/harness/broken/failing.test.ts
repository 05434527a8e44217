import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("failing");

test("fails", () => {
  assert.is(1, 2);
});

test.run();
