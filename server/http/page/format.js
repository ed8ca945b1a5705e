// Figures as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

export const count = (n) => (n < 100_000 ? whole.format(n) : short.format(n));

export function percent(share) {
  const number = 100 * share;
  return `${number.toFixed(number < 9.95 && number > 0 ? 1 : 0)} %`;
}

export const seconds = (s) => `${Math.max(0, Math.round(s))} s`;

export function sinceNow(s) {
  if (s < 90) return seconds(s);
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return s < 129_600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} days`;
}

export function bytes(n) {
  const power = Math.min(4, Math.floor(Math.log10(Math.max(1, n)) / 3));
  const number = n / 1000 ** power;
  return `${number.toFixed(power && number < 10 ? 1 : 0)} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

const dayAndTime = new Intl.DateTimeFormat(undefined, {
  day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
  hourCycle: "h23",
});

export const clock = (s) => dayAndTime.format(1000 * s);

// "not_found" is for machines.
export const words = (name) => name.replaceAll("_", " ");

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
