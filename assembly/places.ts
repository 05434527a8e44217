// A large span is walked at several places in turn, block by block. The processor's prefetchers stop at the end of every page.
// One walk has one page to cross at a time; several overlap those pauses. `npm run bench -- places` measures other numbers.
// @ts-ignore: decorator
@inline
const PLACES: usize = 4;
// @ts-ignore: decorator
@inline
const BLOCK: usize = 512;
/** Bytes of a span from which on there is more than one place: arrays that a cache holds gain nothing. */
// @ts-ignore: decorator
@inline
const LARGE: usize = 4194304;

/** Conversion keeps the processor busy, so that 16-bit elements wait for memory in larger arrays only. */
// @ts-ignore: decorator
@inline
function isLarge<E extends number>(bytes: usize): bool {
  return bytes >= (sizeof<E>() == 2 ? 4 * LARGE : LARGE);
}

/** How far places are apart, in bytes: all of a span that has one place. */
// @ts-ignore: decorator
@inline
export function distance<E extends number>(bytes: usize, turn: usize): usize {
  return isLarge<E>(bytes) ? (bytes / PLACES) & -BLOCK : bytes & -turn;
}

/** Bytes that are done at a place before the next one has its turn. */
// @ts-ignore: decorator
@inline
export function blockOf<E extends number>(bytes: usize, apart: usize): usize {
  return isLarge<E>(bytes) ? BLOCK : apart;
}

/** Bytes that are walked; little of a span is left behind them. */
// @ts-ignore: decorator
@inline
export function endOf<E extends number>(bytes: usize, apart: usize): usize {
  return isLarge<E>(bytes) ? PLACES * apart : apart;
}
