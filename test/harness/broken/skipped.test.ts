import { suite } from "uvu";

const test = suite("skipped");

test.skip("is skipped where it may not be", () => {});

test.run();
