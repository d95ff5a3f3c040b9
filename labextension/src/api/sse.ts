// Parses server-sent events from the body of a response: EventSource can neither post nor send headers.

export interface IServerSentEvent {
  id: string;
  event: string;
  data: string;
}

/** Yield the events of a body as they arrive; comments, which keep the connection alive, are skipped. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<IServerSentEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let searched = 0; // How much of the rest has no end of an event.
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const end = /\r?\n\r?\n/g;
      end.lastIndex = searched;
      let start = 0;
      for (let match = end.exec(rest); match; match = end.exec(rest)) {
        const event = parse(rest.slice(start, match.index));
        start = end.lastIndex;
        if (event) {
          yield event;
        }
      }
      rest = rest.slice(start);
      searched = Math.max(0, rest.length - 3); // An end may be cut in the middle.
      if (done) {
        return; // The rest is half an event: the connection broke.
      }
    }
  } finally {
    // Not awaited: after an abort the stream is in error already.
    reader.cancel().catch(() => undefined);
  }
}

function parse(block: string): IServerSentEvent | null {
  let event = 'message';
  let id = '';
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (name === 'event') {
      event = value;
    } else if (name === 'id') {
      id = value;
    } else if (name === 'data') {
      data.push(value);
    }
  }
  return data.length > 0 ? { id, event, data: data.join('\n') } : null;
}
