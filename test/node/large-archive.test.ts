// Archives with more entries than a zip file without zip64 can count. Once is enough: they take seconds.

import { decodeTorch, encodeTorch } from "sgd-wasm/checkpoint";
import { suite } from "uvu";
import * as assert from "uvu/assert";

const test = suite("large archives");

const float32 = (x: number) => ({ dtype: "float32", shape: [1], data: Float32Array.of(x) });

test("an archive of 65,535 entries and more says their number in a zip64 record", () => {
  for (const count of [65_531, 65_532, 65_533]) {
    const tensors = Array.from({ length: count }, (_, i) => float32(i));
    // Three entries are not tensors.
    const file = encodeTorch(tensors);
    const view = new DataView(file.buffer, file.byteOffset);
    const end64 = file.length - 22 - 20 - 56;
    const isWide = view.getUint32(end64, true) === 0x06064b50;
    assert.is(isWide, count + 3 >= 65_535, `${count} tensors`);
    if (isWide) assert.is(view.getBigUint64(end64 + 32, true), BigInt(count + 3));
    assert.is(view.getUint16(file.length - 12, true), Math.min(count + 3, 65_535));
    const back = decodeTorch(file);
    assert.equal([back.length, back[0].data[0], back[count - 1].data[0]], [count, 0, count - 1]);
    if (count + 3 < 65_536) continue;
    // Writers that know no zip64 keep the number modulo 65,536.
    view.setUint32(file.length - 22 - 20, 0, true);
    view.setUint16(file.length - 12, 0, true);
    assert.is(decodeTorch(file).length, count);
  }
});

test.run();
