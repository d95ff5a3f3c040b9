// Formats times, durations and token counts.

import type { TranslationBundle } from '@jupyterlab/translation';
import type { ITokens } from '../chat/turn';

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60]
];

/** A time stamp relative to now: 5 minutes ago. */
export function relativeTime(stamp: string, translation: TranslationBundle): string {
  const seconds = (Date.parse(stamp) - Date.now()) / 1000;
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) {
      return new Intl.RelativeTimeFormat(document.documentElement.lang || undefined).format(Math.round(seconds / size), unit);
    }
  }
  return translation.__('just now');
}

/** A number of tokens: 950, 1.2k, 34k. */
export function formatTokens(count: number): string {
  if (count < 1000) {
    return String(count);
  }
  return count < 10_000 ? `${(count / 1000).toFixed(1)}k` : `${Math.round(count / 1000)}k`;
}

/** What was sent and received; empty for nothing. */
export function describeTokens({ input, output, cached }: ITokens, translation: TranslationBundle): string {
  if (input + output === 0) {
    return '';
  }
  const [sent, received] = [formatTokens(input), formatTokens(output)];
  return cached > 0
    ? translation.__('%1 (%2 from the cache) → %3 tokens', sent, formatTokens(cached), received)
    : translation.__('%1 → %2 tokens', sent, received);
}

/** A duration: 8 s, 2 min 5 s. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
