// A diff of two texts by lines.

export interface ILine {
  kind: 'unchanged' | 'removed' | 'added';
  text: string;
}

/** Above so many pairs of lines all lines count as changed: the comparison would block the page. */
const MAX_PAIRS = 4_000_000;

export function diffLines(before: string, after: string): ILine[] {
  const old = linesOf(before);
  const now = linesOf(after);
  let top = 0;
  while (top < old.length && top < now.length && old[top] === now[top]) {
    top++;
  }
  let bottom = 0;
  while (bottom < Math.min(old.length, now.length) - top && old[old.length - 1 - bottom] === now[now.length - 1 - bottom]) {
    bottom++;
  }
  const middle = diffMiddle(old.slice(top, old.length - bottom), now.slice(top, now.length - bottom));
  return [...lines('unchanged', old.slice(0, top)), ...middle, ...lines('unchanged', old.slice(old.length - bottom))];
}

function diffMiddle(old: string[], now: string[]): ILine[] {
  if (old.length * now.length > MAX_PAIRS) {
    return [...lines('removed', old), ...lines('added', now)];
  }
  const common = commonLengths(old, now);
  const result: ILine[] = [];
  let left = 0;
  let right = 0;
  while (left < old.length || right < now.length) {
    if (left < old.length && right < now.length && old[left] === now[right]) {
      result.push({ kind: 'unchanged', text: old[left++] });
      right++;
    } else if (right >= now.length || (left < old.length && common[left + 1][right] >= common[left][right + 1])) {
      result.push({ kind: 'removed', text: old[left++] });
    } else {
      result.push({ kind: 'added', text: now[right++] });
    }
  }
  return result;
}

/** Length of the longest common subsequence from each pair of lines on. */
function commonLengths(old: string[], now: string[]): Uint16Array[] {
  const common = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let left = old.length - 1; left >= 0; left--) {
    for (let right = now.length - 1; right >= 0; right--) {
      common[left][right] =
        old[left] === now[right] ? common[left + 1][right + 1] + 1 : Math.max(common[left + 1][right], common[left][right + 1]);
    }
  }
  return common;
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.split('\n');
}

function lines(kind: ILine['kind'], texts: string[]): ILine[] {
  return texts.map(text => ({ kind, text }));
}
