// Times and ages as people read them.
export const SIGNS = { on: "●", off: "○", silent: "◌", unknown: "?", killed: "■" };

export const TITLES = {
  on: "RF goes out",
  off: "switched off",
  silent: "switched on, but without frequency or amplitude",
  unknown: "a failure left the state of the hardware uncertain",
  killed: "RF is killed until it is armed",
};

export function age(seconds) {
  if (seconds < 120) return Math.floor(seconds) + " s";
  if (seconds < 7200) return Math.floor(seconds / 60) + " min";
  return Math.floor(seconds / 3600) + " h";
}

export function clock(unix) {
  const time = new Date(unix * 1000);
  const text = time.toLocaleTimeString("en-GB");
  return time.toDateString() === new Date().toDateString() ? text : time.toLocaleDateString("en-CA") + " " + text;
}
