// Pictures for a question: read from files, made smaller where they are large, refused in words.

import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { MEDIA_TYPES } from '../api/context';
import type { KeptPicture, PostedPicture, QuestionContext, QuickRequest } from '../api/wire';

/** A picture with its data, or one of which only is known what it was. */
export type IPicture = Omit<KeptPicture, 'data'> & { data?: string };

/** What came of reading files: pictures, and sentences for the user. */
export interface IReadPictures {
  pictures: IPicture[];
  notes: string[];
}

export const MAX_PICTURES = 5;
/** Models look at no more; what is larger is made smaller. */
const MAX_SIDE = 1568;
/** What the browser may be asked to read: a few bytes may say that they are billions of pixels. */
const MAX_FILE_BYTES = 30 * 1024 * 1024;
const MAX_FILE_PIXELS = 100_000_000;
/** A small file of few pixels is sent as it is. */
const MAX_BYTES = 1024 * 1024;
const MAX_TOTAL_BYTES = 5 * 1024 * 1024;
/** Of JPEG, the best first. */
const QUALITIES = [0.88, 0.7, 0.5];

/** Read files as pictures, as many as there is room for beside those that are there. */
export async function readPictures(
  files: readonly File[],
  present: readonly IPicture[],
  translation: TranslationBundle
): Promise<IReadPictures> {
  const pictures: IPicture[] = [];
  const notes: string[] = [];
  let total = present.reduce((sum, picture) => sum + picture.bytes, 0);
  for (const file of files) {
    const name = file.name || translation.__('Picture');
    if (present.length + pictures.length >= MAX_PICTURES) {
      notes.push(translation.__('%1 was left out: at most %2 pictures go with one question.', name, MAX_PICTURES));
      continue;
    }
    try {
      const { picture, original } = await readPicture(file, name, translation);
      total += picture.bytes;
      if (total > MAX_TOTAL_BYTES) {
        total -= picture.bytes;
        throw new Error(translation.__('%1 was left out: the pictures of a question have at most 5 MiB together.', name));
      }
      pictures.push(picture);
      if (original) {
        const { width, height } = picture;
        notes.push(translation.__('%1 was made smaller: %2, now %3 pixels.', name, original, `${width} × ${height}`));
      }
    } catch (error) {
      notes.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { pictures, notes };
}

/** The same notebook with pictures of cells that the server takes: large ones are made smaller, what cannot be read is left out. */
export async function withSmallPictures<Context extends QuestionContext>(context: Context, translation: TranslationBundle): Promise<Context> {
  const cells = await Promise.all(
    (context.cells ?? []).map(async cell => {
      if (!cell.pictures?.some(({ data }) => data.length > MAX_BYTES)) {
        return cell;
      }
      const pictures: PostedPicture[] = [];
      for (const { name, data } of cell.pictures) {
        const read = await readPicture(new File([bytesOf(data)], ''), '', translation).catch(() => null);
        pictures.push(...(posted(read ? [{ ...read.picture, name: name ?? '' }] : []).pictures ?? []));
      }
      return { ...cell, pictures };
    })
  );
  return { ...context, cells };
}

/** Files of the Jupyter server as files of the page. */
export async function readServerFiles(paths: readonly string[], contents: Contents.IManager): Promise<File[]> {
  return Promise.all(
    paths.map(async path => {
      const { content, name } = await contents.get(path, { type: 'file', format: 'base64', content: true });
      return new File([bytesOf(String(content))], name);
    })
  );
}

/** The pictures as a request has them; nothing where there are none. */
export function posted(pictures: readonly IPicture[]): Pick<QuickRequest, 'pictures'> {
  const sent = pictures.flatMap(({ name, media_type, data }) =>
    data ? [{ name, media_type: media_type as PostedPicture['media_type'], data }] : []
  );
  return sent.length > 0 ? { pictures: sent } : {};
}

/** The address of a picture for an <img>; empty where it is not here, or no picture. */
export function addressOf({ media_type, data }: IPicture): string {
  return data && MEDIA_TYPES.includes(media_type) ? `data:${media_type};base64,${data}` : '';
}

async function readPicture(
  file: File,
  name: string,
  translation: TranslationBundle
): Promise<{ picture: IPicture; original: string }> {
  if (file.size > MAX_FILE_BYTES) {
    throw new Error(translation.__('%1 is larger than 30 MiB. Make it smaller, or cut out what matters.', name));
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const type = mediaTypeOf(bytes);
  if (!type) {
    throw new Error(translation.__('%1 is no picture that models take. Save it as PNG, JPEG, WebP or GIF.', name));
  }
  const [width, height] = pixelsOf(bytes, type);
  if (!width || !height || width * height > MAX_FILE_PIXELS) {
    throw new Error(
      width && height
        ? translation.__('%1 has %2 pixels, which is too many. Make it smaller.', name, `${width} × ${height}`)
        : translation.__('%1 cannot be read: it is broken off or damaged.', name)
    );
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes], { type }));
  } catch {
    throw new Error(translation.__('%1 cannot be read: it is broken off or damaged.', name));
  }
  try {
    const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
    if (scale === 1 && bytes.length <= MAX_BYTES) {
      const data = await base64Of(new Blob([bytes]));
      return { picture: { name, media_type: type, width, height, bytes: bytes.length, data }, original: '' };
    }
    const size = { width: Math.max(1, Math.round(bitmap.width * scale)), height: Math.max(1, Math.round(bitmap.height * scale)) };
    const blob = await drawn(bitmap, size, type === 'image/jpeg');
    const picture = { name, media_type: blob.type, ...size, bytes: blob.size, data: await base64Of(blob) };
    return { picture, original: scale < 1 ? `${bitmap.width} × ${bitmap.height}` : '' };
  } finally {
    bitmap.close();
  }
}

/** The picture drawn anew, which leaves behind what a camera wrote into the file; as JPEG where PNG would be large. */
async function drawn(bitmap: ImageBitmap, size: { width: number; height: number }, isPhoto: boolean): Promise<Blob> {
  const canvas = Object.assign(document.createElement('canvas'), size);
  const context = canvas.getContext('2d')!;
  const encode = (type: string, quality?: number) =>
    new Promise<Blob>((resolve, reject) =>
      canvas.toBlob(blob => (blob ? resolve(blob) : reject(new Error('The browser cannot draw this picture.'))), type, quality)
    );
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  let blob = isPhoto ? null : await encode('image/png');
  if (blob && blob.size <= MAX_BYTES) {
    return blob;
  }
  context.globalCompositeOperation = 'destination-over'; // JPEG has no transparency
  context.fillStyle = 'white';
  context.fillRect(0, 0, size.width, size.height);
  for (const quality of QUALITIES) {
    blob = await encode('image/jpeg', quality);
    if (blob.size <= MAX_BYTES) {
      break;
    }
  }
  return blob!;
}

/** What the bytes are, whatever the file is called; empty for anything else. */
export function mediaTypeOf(bytes: Uint8Array): string {
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  if (start.startsWith('\u0089PNG\r\n\u001a\n')) {
    return 'image/png';
  }
  if (start.startsWith('\u00ff\u00d8\u00ff')) {
    return 'image/jpeg';
  }
  if (start.startsWith('RIFF') && start.slice(8) === 'WEBP') {
    return 'image/webp';
  }
  return /^GIF8[79]a/.test(start) ? 'image/gif' : '';
}

/** Width and height as the file says; 0 where it does not. */
export function pixelsOf(bytes: Uint8Array, type: string): [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    switch (type) {
      case 'image/png':
        return [view.getUint32(16), view.getUint32(20)];
      case 'image/gif':
        return [view.getUint16(6, true), view.getUint16(8, true)];
      case 'image/webp':
        return webpPixels(view, String.fromCharCode(...bytes.subarray(12, 16)));
      default:
        return jpegPixels(view);
    }
  } catch {
    return [0, 0]; // broken off
  }
}

function webpPixels(view: DataView, kind: string): [number, number] {
  if (kind === 'VP8X') {
    return [(view.getUint32(24, true) & 0xffffff) + 1, (view.getUint32(26, true) >>> 8) + 1];
  }
  if (kind === 'VP8L') {
    const bits = view.getUint32(21, true);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  return [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
}

function jpegPixels(view: DataView): [number, number] {
  for (let position = 2; view.getUint8(position) === 0xff; ) {
    const marker = view.getUint8(position + 1);
    if (marker === 0xff) {
      position++;
    } else if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return [view.getUint16(position + 7), view.getUint16(position + 5)];
    } else {
      position += 2 + view.getUint16(position + 2);
    }
  }
  return [0, 0];
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64.replace(/\s/g, '')), letter => letter.charCodeAt(0));
}

function base64Of(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^[^,]*,/, ''));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
