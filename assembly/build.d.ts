/** Which build is compiled, defined in asconfig.json: the index in BUILDS of src/kernel/kernel.ts. */
declare const BUILD: i32;
