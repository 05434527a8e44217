import { suite } from "uvu";

const test = suite("forgotten");

// There is no test.run().
test("is only written down", () => {});
