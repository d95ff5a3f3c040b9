// Pictures in the panel: those that will go with the question, with buttons to remove them, and those of a question.

import * as React from 'react';
import { addIcon, closeIcon } from '@jupyterlab/ui-components';
import { MEDIA_TYPES } from '../api/context';
import type { Conversation } from '../chat/conversation';
import { addressOf, type IPicture, readPictures, readServerFiles } from '../chat/pictures';
import { IconButton } from './iconButton';
import { pictureIcon } from './icons';
import { useServices } from './services';

/** How the file browser of JupyterLab offers what is dragged. */
const CONTENTS_MIME = 'application/x-jupyter-icontents';

/** The pictures of the draft: how they get there, and what the user should know of them. */
export interface IPictureDraft {
  notes: readonly string[];
  add: (files: readonly File[]) => Promise<void>;
  addFromServer: (paths: readonly string[]) => Promise<void>;
  remove: (index: number) => void;
  clearNotes: () => void;
}

export function usePictureDraft(conversation: Conversation, onChange: () => void): IPictureDraft {
  const { translation, contents } = useServices();
  const [notes, setNotes] = React.useState<readonly string[]>([]);
  const waiting = React.useRef<Promise<void>>(Promise.resolve());
  const add = (files: readonly File[]): Promise<void> => {
    // One after the other: each counts those before it.
    waiting.current = waiting.current.then(async () => {
      const read = await readPictures(files, conversation.draftPictures, translation);
      conversation.draftPictures = [...conversation.draftPictures, ...read.pictures];
      setNotes(read.notes);
      onChange();
    });
    return waiting.current;
  };
  return {
    notes,
    add,
    addFromServer: async paths => {
      try {
        await add(await readServerFiles(paths, contents));
      } catch (error) {
        setNotes([conversation.errorMessage(error)]);
      }
    },
    remove: index => {
      conversation.draftPictures = conversation.draftPictures.filter((_, other) => other !== index);
      setNotes([]);
      onChange();
    },
    clearNotes: () => setNotes([])
  };
}

/** Take pictures that are pasted; what is text as well is pasted as text. */
export function onPaste(event: React.ClipboardEvent, draft: IPictureDraft): void {
  const files = Array.from(event.clipboardData.files).filter(file => file.type.startsWith('image/'));
  if (files.length > 0 && !event.clipboardData.getData('text/plain')) {
    event.preventDefault();
    void draft.add(files);
  }
}

/** Take files that are dropped on an element, from the desktop or from JupyterLab's file browser. */
export function useDrop(target: React.RefObject<HTMLElement>, draft: IPictureDraft): void {
  const current = React.useRef(draft);
  current.current = draft;
  React.useEffect(() => {
    const element = target.current;
    if (!element) {
      return;
    }
    const onFiles = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files')) {
        event.preventDefault();
        event.stopPropagation();
        if (event.type === 'drop') {
          void current.current.add(Array.from(event.dataTransfer.files));
        }
      }
    };
    const onContents = (event: any) => {
      if (event.mimeData?.hasData(CONTENTS_MIME)) {
        event.preventDefault();
        event.stopPropagation();
        event.dropAction = event.type === 'lm-drop' ? 'copy' : event.proposedAction;
        if (event.type === 'lm-drop') {
          void current.current.addFromServer(event.mimeData.getData(CONTENTS_MIME) as string[]);
        }
      }
    };
    const own: [string, (event: any) => void][] = [
      ...['dragover', 'drop'].map((type): [string, (event: any) => void] => [type, onFiles]),
      ...['lm-dragenter', 'lm-dragover', 'lm-drop'].map((type): [string, (event: any) => void] => [type, onContents])
    ];
    own.forEach(([type, listener]) => element.addEventListener(type, listener));
    return () => own.forEach(([type, listener]) => element.removeEventListener(type, listener));
  }, [target]);
}

export function AttachButton({ draft }: { draft: IPictureDraft }): JSX.Element {
  const { translation } = useServices();
  const input = React.useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon={pictureIcon} label={translation.__('Attach picture')} onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={MEDIA_TYPES.join()}
        onChange={event => {
          void draft.add(Array.from(event.target.files ?? []));
          event.target.value = ''; // The same file can be chosen again.
        }}
      />
    </>
  );
}

interface IDraftPicturesProps {
  pictures: readonly IPicture[];
  draft: IPictureDraft;
  /** Called when the button that was pressed is about to be removed: the focus has to move. */
  onDone: () => void;
}

export function DraftPictures({ pictures, draft, onDone }: IDraftPicturesProps): JSX.Element {
  const { translation } = useServices();
  return (
    <>
      {pictures.length > 0 && (
        <ul className="jp-agent-pictures" aria-label={translation.__('Pictures that go with the question')}>
          {pictures.map((picture, index) => (
            <li key={`${index} ${picture.name}`}>
              <Thumbnail picture={picture} />
              <button
                type="button"
                title={translation.__('Remove')}
                aria-label={translation.__('Remove picture: %1', picture.name)}
                onClick={() => {
                  draft.remove(index);
                  onDone();
                }}
              >
                <closeIcon.react tag="span" />
              </button>
            </li>
          ))}
        </ul>
      )}
      <div role="status" className="jp-agent-picture-notes">
        {draft.notes.map(note => (
          <p key={note} className="jp-agent-note">
            {note}
          </p>
        ))}
      </div>
    </>
  );
}

interface IQuestionPicturesProps {
  conversation: Conversation;
  pictures: readonly IPicture[];
}

/** The pictures of a question that was asked; they are sent once, and go with another question by a button. */
export function QuestionPictures({ conversation, pictures }: IQuestionPicturesProps): JSX.Element | null {
  const { translation } = useServices();
  return pictures.length === 0 ? null : (
    <ul className="jp-agent-pictures" aria-label={translation.__('Pictures of the question')}>
      {pictures.map((picture, index) => (
        <li key={index}>
          <Thumbnail picture={picture} />
          {picture.data && (
            <button
              type="button"
              title={translation.__('Attach it to the next question, too')}
              aria-label={translation.__('Attach again: %1', picture.name)}
              onClick={() => conversation.attachAgain(picture)}
            >
              <addIcon.react tag="span" />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function Thumbnail({ picture }: { picture: IPicture }): JSX.Element {
  const { translation } = useServices();
  const title = describe(picture);
  const address = addressOf(picture);
  return address ? (
    <img src={address} alt={title} title={title} />
  ) : (
    <span className="jp-agent-note">{translation.__('%1, not kept', title)}</span>
  );
}

/** Name and size in words. */
export function describe({ name, width, height, bytes }: Omit<IPicture, 'data'>): string {
  const size = [width && height ? `${width} × ${height}` : '', bytes ? `${Math.max(1, Math.round(bytes / 1024))} KiB` : ''];
  return [name, ...size].filter(Boolean).join(', ');
}
