/** A clock that stands until a test moves it. */
export interface FakeClock {
  readonly now: () => Date;
  advance(milliseconds: number): void;
}

/** Makes a clock that shows a time of the product's examples. */
export function createClock(start = "2026-03-27T00:00:00Z"): FakeClock {
  let time = Date.parse(start);
  return {
    now: () => new Date(time),
    advance: (milliseconds) => {
      time += milliseconds;
    },
  };
}
