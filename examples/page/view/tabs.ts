// Of several tabs with the page, one keeps what it learns for a reload.

const NAME = "sgd-wasm page";
/** For how long a page that is reloaded may still be there, in milliseconds. */
const LEAVING = 1000;

/** Whether no other tab has the page open: from now on this one does. */
export async function isOnlyTab(): Promise<boolean> {
  // Without https or localhost there are no locks.
  if (!navigator.locks) return true;
  return new Promise((resolve) => {
    const hold = () => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(NAME, { signal: AbortSignal.timeout(LEAVING) }, hold).catch(() => resolve(false));
  });
}
