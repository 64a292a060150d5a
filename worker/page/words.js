// Numbers as a person reads them.

export function age(ms) {
  if (ms == null) return "–";
  const s = Math.max(0, ms) / 1000;
  if (s < 10) return `${Number(s.toFixed(1))} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Number((s / 3600).toFixed(1))} h`;
  return `${Math.round(s / 86400)} d`;
}

export function took(ms) {
  if (ms == null) return "–";
  return ms < 1000 ? `${Math.round(ms)} ms` : age(ms);
}

export function size(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  while (bytes >= 1024 && i < units.length - 1) [bytes, i] = [bytes / 1024, i + 1];
  return `${Number(bytes.toFixed(bytes < 10 ? 1 : 0))} ${units[i]}`;
}

export const number = (n) => (n == null ? "–" : new Intl.NumberFormat("en").format(n));
export const rate = (n) => (n == null ? "–" : `${number(Number(n.toFixed(n < 10 ? 1 : 0)))}/s`);
export const moment = (ms) => (ms > 0 ? new Date(ms).toISOString().replace("T", " ").replace("Z", " UTC") : "unknown");
export const plural = (n, one, many) => `${number(n)} ${n === 1 ? one : many}`;
