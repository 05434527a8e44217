// Calls between objects.

const ATTEMPTS = 5;
const FIRST_PAUSE_MS = 25;

/** Calls until it succeeds: an object that was stopped starts again at the next call. `call` takes a stub anew each time. */
export async function persistently<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      // What is overloaded must not be called again at once.
      if (attempt === ATTEMPTS || (error as { overloaded?: boolean })?.overloaded) throw error;
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** attempt));
    }
  }
}
