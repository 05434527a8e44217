import { suite } from "uvu";

const test = suite("late");

test("leaves a timer that throws after the last test", () => {
  setTimeout(() => {
    throw new Error("too late");
  }, 100);
});

test.run();
