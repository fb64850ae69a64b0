import { Tooltip } from "@fluentui/react-components";
import { exactTime, timeAgo } from "./time-words.ts";

/** A time in words; the exact one, in the reader's zone, on hover. */
export function TimeText({ at }: { at: string }) {
  const time = new Date(at);
  return (
    <Tooltip content={exactTime(time)} relationship="description" withArrow>
      <time dateTime={at}>{timeAgo(time, new Date())}</time>
    </Tooltip>
  );
}
