// How long to wait before the same request is sent again: each time twice as long, said second by second.
const FIRST_WAIT = 2; // seconds; doubles up to MAX_WAIT
const MAX_WAIT = 16;

export function patience() {
  let timer = null;
  let seconds = FIRST_WAIT;
  const stop = () => clearInterval(timer);
  return {
    stop,
    /** The answer came: the next loss begins with the shortest wait. */
    reset() {
      stop();
      timer = null;
      seconds = FIRST_WAIT;
    },
    /** `shown` is called with the seconds that are left, `again` when they are over. */
    wait(shown, again) {
      let left = seconds;
      seconds = Math.min(seconds * 2, MAX_WAIT);
      stop();
      const tick = () => {
        shown(left);
        if (left-- <= 0) again();
      };
      timer = setInterval(tick, 1000);
      tick();
    },
  };
}
