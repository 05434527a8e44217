// Misspelled option names.

/** Shorter words are too near to too many others. */
const SHORTEST = 5;
const MOST_EDITS = 2;

/** The word of `words` that `key` is a misspelling of: by case, underscores, or at most two letters. */
export function intended(key: string, words: readonly string[]): string | undefined {
  if (words.includes(key)) return undefined;
  const plain = (word: string) => word.toLowerCase().replaceAll("_", "");
  const written = plain(key);
  if (written.length < SHORTEST) return undefined;
  return words.find((word) => word.length >= SHORTEST && edits(written, plain(word)) <= MOST_EDITS);
}

/** The number of letters to insert, delete or replace between two words (Levenshtein's distance). */
function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[to.length];
}
