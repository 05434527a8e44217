import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("uncaught");

test("waits for nothing", () => {
  Promise.resolve().then(() => assert.is(3, 4));
});

test("is as good as it looks", () => {});

test.run();
