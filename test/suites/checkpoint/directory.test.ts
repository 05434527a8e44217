// Directories of archives that contradict what they describe: refused, whatever else a reader would make of them.

import { type CheckpointError, decodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { checkpoint, int, pickle, storage, tensor, tuple } from "../../hostile/archive.js";

const test = suite("checkpoint: directories");

const STORAGE = new Uint8Array(Float32Array.of(1, 2).buffer);
const good = () => checkpoint(pickle(tensor({ length: 2, shape: [2], strides: [1] })), [STORAGE]);

// Of the second entry, the storage, in the directory; and of the end record.
const FLAGS = 8;
const SIZES = [20, 24];
const START = 42;
const END_COUNT = 10;
const END_LENGTH = 12;

/** The file after `change`, which gets the directory's second entry and the end record. */
function changed(change: (view: DataView, entry: number, end: number) => void): Uint8Array {
  const file = good();
  const view = new DataView(file.buffer);
  const end = file.length - 22;
  const first = view.getUint32(end + 16, true);
  change(view, first + 46 + view.getUint16(first + 28, true), end);
  return file;
}

function refuses(file: Uint8Array, message: RegExp): void {
  try {
    decodeTorch(file, { checkCrc: false });
  } catch (error) {
    assert.is((error as CheckpointError).name, "CheckpointError");
    assert.match((error as Error).message, message);
    return;
  }
  assert.unreachable(String(message));
}

test("the file that is changed is read", () => {
  assert.equal([...decodeTorch(changed(() => {})).data], [1, 2]);
});

test("an encrypted entry is refused", () => {
  refuses(
    changed((view, entry) => view.setUint16(entry + FLAGS, 1, true)),
    /"archive\/data\/0" is compressed or encrypted/,
  );
});

test("a count of entries that is not that of the directory is refused", () => {
  for (const count of [2, 4]) {
    refuses(
      changed((view, _, end) => view.setUint16(end + END_COUNT, count, true)),
      new RegExp(`the directory has 3 entries, its end says ${count}`),
    );
  }
});

test("an entry of one byte more than there are before the next is refused", () => {
  const longer = (by: number) =>
    changed((view, entry) => {
      for (const at of SIZES) view.setUint32(entry + at, STORAGE.length + by, true);
    });
  assert.equal([...decodeTorch(longer(0)).data], [1, 2]);
  refuses(longer(1), /entry "archive\/data\/0" overlaps what follows it/);
});

test("a directory that reaches into its own end record is refused", () => {
  refuses(
    changed((view, _, end) => view.setUint32(end + END_LENGTH, view.getUint32(end + END_LENGTH, true) + 1, true)),
    /the directory reaches past its end/,
  );
});

test("a size or a start that is in a zip64 field which is not there is refused", () => {
  for (const field of [...SIZES, START]) {
    refuses(
      changed((view, entry) => view.setUint32(entry + field, 0xffffffff, true)),
      /entry "archive\/data\/0" has no zip64 field/,
    );
  }
});

test("a stored entry whose two sizes differ is refused", () => {
  for (const field of SIZES) {
    refuses(
      changed((view, entry) => view.setUint32(entry + field, 7, true)),
      /entry "archive\/data\/0" is stored, yet has \d bytes for \d/,
    );
  }
});

test("a storage with fewer bytes than its elements take is refused", () => {
  const file = checkpoint(pickle(tensor({ length: 3, shape: [2], strides: [1] })), [STORAGE]);
  refuses(file, /storage "0" has 8 bytes where 12 are needed/);
});

test("a view of more elements than its storage has is refused", () => {
  const view = (offset: number, size: number) =>
    checkpoint(pickle(storage({ length: 2, rest: tuple([0x4e], int(offset), int(size)) })), [STORAGE]);
  assert.equal([...decodeTorch(view(1, 1)).data], [2]);
  refuses(view(1, 2), /a view of elements beyond a storage of 2/);
});

test.run();
