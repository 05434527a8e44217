import { suite } from "uvu";

const test = suite("empty");

test.run();
