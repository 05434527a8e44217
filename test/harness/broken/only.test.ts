import { suite } from "uvu";

const test = suite("only");

test("is kept from running", () => {});
test.only("is run alone", () => {});

test.run();
