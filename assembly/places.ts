// A large span is walked at several places by turns. The processor's prefetchers stop at the end of every page, and one walk has
// one page to cross at a time; several overlap those pauses. `npm run bench -- places` measures other numbers.
// @ts-ignore: decorator
@inline
const PLACES: usize = 4;
// @ts-ignore: decorator
@inline
const BLOCK: usize = 256;
/** Bytes of a span from which on there is more than one place: arrays that a cache holds are slower so. */
// @ts-ignore: decorator
@inline
const LARGE: usize = 4194304;

/** How far places are apart, in bytes: all of a span that has one place. */
// @ts-ignore: decorator
@inline
export function distance(bytes: usize, turn: usize): usize {
  return bytes < LARGE ? bytes & -turn : (bytes / PLACES) & -BLOCK;
}

/** Bytes that are done at a place before the next one has its turn. */
// @ts-ignore: decorator
@inline
export function blockOf(bytes: usize, apart: usize): usize {
  return bytes < LARGE ? apart : BLOCK;
}

/** Bytes that are walked; little of a span is left behind them. */
// @ts-ignore: decorator
@inline
export function endOf(bytes: usize, apart: usize): usize {
  return bytes < LARGE ? apart : PLACES * apart;
}
