import { suite } from "uvu";

const test = suite("exit");

test("ends the process as if all were well", () => {
  process.exit(0);
});

test.run();
